// Puts the parts of the page together. The page only reads: it changes nothing in the daemon.

import { byId } from "./dom.js";
import { EventLog } from "./events.js";
import { Explanation } from "./explanation.js";
import { FlowTable } from "./flows.js";
import { Overview } from "./overview.js";
import { Pictures } from "./pictures.js";
import { Store } from "./store.js";

const store = new Store();
const explanation = new Explanation();
const explain = (group, instance) => explanation.ask(group, instance);

new Overview(store, explain);
new Pictures(store, explain);
new FlowTable(store, explain);
new EventLog(store, explain);

const motion = byId("motion");
const still = matchMedia("(prefers-reduced-motion: reduce)");
const showMotion = () => document.body.classList.toggle("moving", motion.checked);
motion.checked = !still.matches;
still.addEventListener("change", () => {
  motion.checked = !still.matches;
  showMotion();
});
motion.addEventListener("change", showMotion);
showMotion();

store.connect();
