// The log of events, newest first.

import { byId, element, reconcile, setText } from "./dom.js";
import { clock, count } from "./words.js";

const MOST_SHOWN = 200;
const LEVELS = ["debug", "info", "warn", "error", "critical"];

export class EventLog {
  constructor(store, explain) {
    this.store = store;
    this.explain = explain;
    this.number = 0;
    this.isWaiting = false;
    const show = () => this.showSoon();
    store.addEventListener("events", show);
    store.addEventListener("cycle", show);
    byId("event-filter").addEventListener("input", show);
    byId("event-level").addEventListener("change", show);
  }

  // Once for all events of a moment, also in a flood.
  showSoon() {
    if (!this.isWaiting) {
      this.isWaiting = true;
      requestAnimationFrame(() => {
        this.isWaiting = false;
        this.show();
      });
    }
  }

  show() {
    const words = byId("event-filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    const least = LEVELS.indexOf(byId("event-level").value);
    const found = this.store.events.filter((row) => {
      if (LEVELS.indexOf(row.level) < least) {
        return false;
      }
      row.search ??= `${row.event} ${row.instance || ""} ${row.interface || ""} ${row.text}`.toLowerCase();
      return words.every((word) => row.search.includes(word));
    });
    const shown = found.slice(-MOST_SHOWN).reverse();
    reconcile(byId("event-list"), shown, (row) => this.keyOf(row), (row) => this.make(row), () => {});
    const all = this.store.events.length;
    const text = all
      ? `${count(shown.length, "event", "events")} of the last ${all.toLocaleString("en")}; newest first`
      : "Nothing has happened since this page was opened.";
    setText(byId("event-count"), text);
  }

  keyOf(row) {
    row.number ??= String((this.number += 1));
    return row.number;
  }

  make(row) {
    const where = [row.instance, row.interface].filter(Boolean).join(" ");
    const group = row["group-address"];
    return element(
      "li",
      { class: row.level },
      element("time", { datetime: new Date(row.time * 1000).toISOString() }, clock(row.time)),
      element("span", { class: "kind" }, row.event),
      element("span", { class: "where" }, where),
      element("span", { class: "text" }, row.text),
      group
        ? element(
            "button",
            { type: "button", class: "link", "aria-label": `Explain ${group}`, onclick: () => this.explain(group, row.instance || "") },
            "explain",
          )
        : null,
    );
  }
}
