// The table of flows: filtered, sorted, a page at a time, so that 2,000 flows stay quick.

import { byId, element, reconcile, setAttribute, setText } from "./dom.js";
import { count, rate, source, span } from "./words.js";

const ROWS_A_PAGE = 50;
const HEALTH = ["broken", "waiting", "good", "idle"];

const text = (name) => (row) => row[name];
const number = (name) => (row) => -(row[name] ?? -1);

// A title, what a cell shows, and by what the column is sorted.
const COLUMNS = [
  ["State", (row) => row.state, (row) => HEALTH.indexOf(row.health)],
  ["Group", (row) => row["group-address"], (row) => addressKey(row["group-address"])],
  ["Source", (row) => source(row["source-address"]), (row) => addressKey(row["source-address"])],
  ["Instance", text("instance"), text("instance")],
  ["In", (row) => row["incoming-interface"] || "–", text("incoming-interface")],
  ["Out", (row) => row["outgoing-interface"].join(", ") || "–", (row) => row["outgoing-interface"].join()],
  ["Rate", (row) => rate(row["bit-rate"], "bit/s"), number("bit-rate")],
  ["Packets/s", (row) => rate(row["packet-rate"], ""), number("packet-rate")],
  ["Last packet", (row, now) => lastPacket(row, now), (row) => -(row["last-packet"] ?? 0)],
  ["Reason", (row, now) => reason(row, now), text("reason")],
];

// An address as a text whose order is that of its numbers.
function addressKey(address) {
  return address.includes(":") ? `~${address}` : address.replace(/\d+/g, (part) => part.padStart(3, "0"));
}

function lastPacket(row, now) {
  if (row["last-packet"] !== null) {
    return `${span(now - row["last-packet"])} ago`;
  }
  return row["bit-rate"] > 0 ? "now" : "–";
}

function reason(row, now) {
  const isWaiting = row.health === "waiting" && row.since !== null;
  return isWaiting ? `${row.reason} for ${span(now - (row["last-packet"] ?? row.since))}` : row.reason;
}

export class FlowTable {
  constructor(store, explain) {
    this.store = store;
    this.explain = explain;
    this.page = 0;
    this.column = 0;
    this.isReversed = false;
    this.makeTitles();
    for (const [id, name] of [["flow-filter", "input"], ["flow-health", "change"]]) {
      byId(id).addEventListener(name, () => this.turnTo(0));
    }
    byId("flow-before").addEventListener("click", () => this.turnTo(this.page - 1));
    byId("flow-after").addEventListener("click", () => this.turnTo(this.page + 1));
    store.addEventListener("cycle", () => this.show());
  }

  makeTitles() {
    COLUMNS.forEach(([title], index) => {
      const button = element("button", { type: "button", onclick: () => this.sortBy(index) }, title);
      byId("flow-titles").append(element("th", { role: "columnheader", scope: "col" }, button));
    });
  }

  turnTo(page) {
    this.page = page;
    this.show();
  }

  sortBy(index) {
    this.isReversed = index === this.column && !this.isReversed;
    this.column = index;
    this.turnTo(0);
  }

  found() {
    const words = byId("flow-filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    const health = byId("flow-health").value;
    return this.store.rows("flows").filter((row) => {
      if (health && row.health !== health) {
        return false;
      }
      row.search ??= [
        row["group-address"], row["source-address"], row.instance, row["incoming-interface"],
        ...row["outgoing-interface"], row.state, row.reason,
      ].join(" ").toLowerCase();
      return words.every((word) => row.search.includes(word));
    });
  }

  sorted(rows) {
    const value = COLUMNS[this.column][2];
    const direction = this.isReversed ? -1 : 1;
    const keyed = rows.map((row) => [value(row), addressKey(row["group-address"]), row]);
    keyed.sort((one, other) => direction * compare(one[0], other[0]) || compare(one[1], other[1]) || compare(one[2].key, other[2].key));
    return keyed.map((one) => one[2]);
  }

  show() {
    const rows = this.sorted(this.found());
    const pages = Math.max(1, Math.ceil(rows.length / ROWS_A_PAGE));
    this.page = Math.min(Math.max(this.page, 0), pages - 1);
    const shown = rows.slice(this.page * ROWS_A_PAGE, (this.page + 1) * ROWS_A_PAGE);
    const now = this.store.cycle.time;
    reconcile(
      byId("flow-rows"),
      shown,
      (row) => row.key,
      (row) => this.makeRow(row),
      (child, row) => changeRow(child, row, now),
    );
    this.showCounts(rows.length, pages);
  }

  showCounts(found, pages) {
    const given = this.store.tables.flows.size;
    const all = this.store.cycle.counts.flows ?? given;
    let sentence = found === given ? count(given, "flow", "flows") : `${found.toLocaleString("en")} of ${count(given, "flow", "flows")}`;
    if (all > given) {
      const hidden = (all - given).toLocaleString("en");
      sentence += `; ${hidden} more are not shown here, those with the lowest rates (see “mcproxy show flows”)`;
    }
    setText(byId("flow-count"), sentence);
    setText(byId("flow-page"), `Page ${this.page + 1} of ${pages}`);
    byId("flow-before").disabled = this.page === 0;
    byId("flow-after").disabled = this.page === pages - 1;
    [...byId("flow-titles").children].forEach((title, index) => {
      const order = this.isReversed ? "descending" : "ascending";
      setAttribute(title, "aria-sort", index === this.column ? order : null);
    });
  }

  makeRow(row) {
    const group = row["group-address"];
    const button = element("button", { type: "button", class: "link", onclick: () => this.explain(group, row.instance) });
    const cells = COLUMNS.map(([title], index) =>
      element("td", { role: "cell", "data-title": title }, index === 1 ? button : element("span")),
    );
    return element("tr", { role: "row" }, ...cells);
  }
}

function changeRow(child, row, now) {
  setAttribute(child, "class", row.health);
  COLUMNS.forEach(([, shown], index) => setText(child.children[index].firstChild, shown(row, now)));
}

function compare(one, other) {
  return one < other ? -1 : one > other ? 1 : 0;
}
