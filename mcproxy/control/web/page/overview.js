// The head of the page: the daemon, the connection, and what does not work.

import { byId, element, reconcile, setText } from "./dom.js";
import { clock, count, date } from "./words.js";

const ANNOUNCE_EVERY = 10000; // milliseconds between two sentences that are read aloud
const MOST_BROKEN = 10;

export class Overview {
  constructor(store, explain) {
    this.store = store;
    this.explain = explain;
    this.announced = "";
    this.announcedAt = 0;
    store.addEventListener("cycle", () => this.showCycle());
    store.addEventListener("connection", () => this.showConnection());
  }

  showConnection() {
    const { state, since } = this.store;
    const time = clock(since / 1000);
    const texts = {
      connecting: "Connecting…",
      open: "Live",
      lost: "No connection",
      resting: "At rest while this page is hidden",
    };
    const shown = byId("connection");
    shown.dataset.state = state;
    setText(shown, texts[state]);
    document.body.dataset.connection = state;
    const notice = byId("lost");
    notice.hidden = state !== "lost";
    if (state === "lost") {
      setText(
        notice,
        `No connection to the daemon since ${time}. What you see below is from before. ` +
          "This page tries again by itself.",
      );
      this.announce(`No connection to the daemon since ${time}`, true);
    } else if (state === "open" && this.announced.startsWith("No connection")) {
      this.announce("Connected to the daemon again", true);
    }
  }

  showCycle() {
    const [daemon] = this.store.rows("daemon");
    if (daemon) {
      const ready = daemon.ready ? "" : ", not ready yet";
      setText(byId("daemon"), `Version ${daemon.version}, running since ${date(daemon.started)}${ready}`);
    }
    const error = byId("error");
    error.hidden = !this.store.cycle.error;
    setText(error, this.store.cycle.error || "");
    const broken = this.store.rows("flows").filter((row) => row.health === "broken");
    this.showImpairments(daemon ? daemon.degraded : [], broken);
    setText(document.head.querySelector("title"), broken.length ? `(${broken.length}) mcproxy` : "mcproxy");
  }

  showImpairments(degraded, broken) {
    const items = degraded.map((one) => ({
      key: `${one.instance} ${one.interface} ${one.text}`,
      where: one.instance,
      text: one.text,
    }));
    for (const row of broken.slice(0, MOST_BROKEN)) {
      items.push({
        key: row.key,
        where: row.instance,
        group: row["group-address"],
        text: row.reason,
      });
    }
    const more = broken.length - MOST_BROKEN;
    if (more > 0) {
      items.push({ key: "more", where: "", text: `and ${count(more, "more broken flow", "more broken flows")}` });
    }
    byId("impairments").hidden = items.length === 0;
    reconcile(
      byId("impairment-list"),
      items,
      (item) => item.key,
      (item) => this.makeImpairment(item),
      (child, item) => setText(child.lastElementChild, item.text),
    );
    const sum = items.length
      ? `${count(broken.length, "flow is", "flows are")} broken; ${count(degraded.length, "other impairment", "other impairments")}`
      : "Everything works";
    this.announce(sum, false);
  }

  makeImpairment(item) {
    const group = item.group
      ? element("button", { type: "button", class: "link", onclick: () => this.explain(item.group, item.where) }, item.group)
      : null;
    const where = item.where ? element("span", { class: "where" }, item.where) : null;
    const parts = [where, " ", group, group && ": ", element("span")];
    return element("li", {}, ...parts.filter(Boolean));
  }

  // Only what has changed is read aloud, and seldom.
  announce(text, atOnce) {
    const now = Date.now();
    if (text === this.announced || (!atOnce && now - this.announcedAt < ANNOUNCE_EVERY)) {
      return;
    }
    this.announced = text;
    this.announcedAt = now;
    setText(byId("announcement"), text);
  }
}
