// What the picture of an instance shows: nodes in five layers, and streams between them.
//
// Layers: sources, upstreams, the proxy, downstreams, hosts. A source on a downstream's link stands
// among the hosts, and its stream runs back to the proxy.

import { count, rate, source } from "./words.js";

export const LAYERS = ["Sources", "Upstreams", "Proxy", "Downstreams", "Hosts"];

const MOST_STREAMS = 12;
const PROXY = "proxy";

// States in which data gets as far as the proxy, and in which it passes the proxy.
const REACHES_PROXY = new Set(["ttl", "denied", "rp-filter", "dropped-before-routing", "too-large", "not-wanted"]);
const PASSES_PROXY = new Set(["dropped-after-routing"]);

const GAP = 2; // between two streams
const ROOM = 36; // for all streams

// Ten times the rate is as much wider again: from 10 kbit/s to 1 Gbit/s.
export function widthOf(bits) {
  return Math.min(1.5 + 1.5 * Math.max(0, Math.log10(bits || 1) - 4), 9);
}

const ORDER = { broken: 0, good: 1, waiting: 2 };

export function sceneOf(name, store, most) {
  const own = (table) => store.rows(table).filter((row) => row.instance === name);
  const [info] = own("instances");
  const flows = own("flows").filter((row) => row.health !== "idle").sort(byImportance);
  return new Scene(info, own("interfaces"), own("hosts"), flows, most);
}

function byImportance(one, other) {
  return ORDER[one.health] - ORDER[other.health]
    || (other["bit-rate"] || 0) - (one["bit-rate"] || 0)
    || (one.key < other.key ? -1 : 1);
}

class Scene {
  constructor(info, interfaces, hosts, flows, most) {
    this.flows = flows;
    this.most = most;
    this.layers = [[], [], [], [], []];
    this.nodes = new Map();
    this.pipes = new Map();
    this.streams = [];
    this.interfaces = new Map();
    this.addInterfaces(interfaces);
    this.addProxy(info);
    this.addSources();
    this.addHosts(hosts);
    this.layers = this.layers.map((nodes, layer) => this.cut(nodes, layer));
    this.addPipes();
    this.addStreams();
  }

  add(layer, key, node) {
    if (!this.nodes.has(key)) {
      const made = { key, layer, ...node };
      this.nodes.set(key, made);
      this.layers[layer].push(made);
    }
    return this.nodes.get(key);
  }

  addInterfaces(rows) {
    rows.sort((one, other) => one.interface.localeCompare(other.interface, "en", { numeric: true }));
    for (const row of rows) {
      const isUp = row.role === "upstream";
      const groups = count(row.groups ?? 0, "group", "groups");
      const other = row.querier === "other" ? "another querier" : "";
      const node = {
        kind: row.role,
        title: row.interface,
        detail: row.state === "up" ? other || groups : row.state,
        more: row.reason || (row.addresses || []).join(", "),
        health: row.state === "down" ? "broken" : other ? "waiting" : "",
      };
      const key = `${row.role} ${row.interface}`;
      this.interfaces.set(row.interface, key);
      this.add(isUp ? 1 : 3, key, node);
    }
  }

  addProxy(info) {
    const protocol = info && info.family === "ipv6" ? "MLD" : "IGMP";
    const title = info ? info.instance.split("/")[0] : "";
    this.add(2, PROXY, { kind: "proxy", title, detail: info ? `${protocol}v${info.version}` : "", more: "", health: "" });
  }

  addSources() {
    const rates = new Map();
    for (const flow of this.flows) {
      const layer = (this.interfaces.get(flow["incoming-interface"]) || "").startsWith("downstream") ? 4 : 0;
      const address = flow["source-address"];
      flow.origin = `source ${layer} ${address === "*" ? flow["incoming-interface"] : ""} ${address}`;
      const node = this.add(layer, flow.origin, { kind: "source", title: source(address), more: "", health: "" });
      const known = rates.get(node) || { flows: 0, rate: 0 };
      rates.set(node, { flows: known.flows + 1, rate: known.rate + (flow["bit-rate"] || 0) });
    }
    for (const [node, sum] of rates) {
      node.detail = sum.rate ? rate(sum.rate, "bit/s") : count(sum.flows, "flow", "flows");
    }
  }

  // Hosts that want a flow that is drawn come first.
  addHosts(rows) {
    this.members = new Map();
    const drawn = new Set(this.flows.slice(0, MOST_STREAMS).map((flow) => flow["group-address"]));
    const wants = (row) => row["group-address"].some((group) => drawn.has(group));
    rows.sort((one, other) => wants(other) - wants(one) || other.groups - one.groups || (one.key < other.key ? -1 : 1));
    // Those for which there is room stand in the order of their interfaces.
    const order = [...this.interfaces.keys()];
    const first = rows.splice(0, this.most - 1);
    first.sort((one, other) => order.indexOf(one.interface) - order.indexOf(other.interface));
    for (const row of [...first, ...rows]) {
      const key = `host ${row.interface} ${row["host-address"]}`;
      this.add(4, key, {
        kind: "host",
        title: row["host-address"],
        detail: count(row.groups, "group", "groups"),
        more: row["group-address"].join(", "),
        health: "",
        link: this.interfaces.get(row.interface),
      });
      for (const group of row["group-address"]) {
        const place = `${row.interface} ${group}`;
        this.members.set(place, [...(this.members.get(place) || []), key]);
      }
    }
  }

  // No more nodes than there is room for: one stands for all the others.
  cut(nodes, layer) {
    if (nodes.length <= this.most) {
      return nodes;
    }
    const kept = nodes.slice(0, this.most - 1);
    const left = nodes.slice(this.most - 1);
    const title = `${left.length} more`;
    const rest = { key: `more ${layer}`, layer, kind: "more", title, detail: "", more: "", health: "" };
    for (const node of left) {
      this.nodes.set(node.key, rest);
      rest.link ??= node.link;
    }
    return [...kept, rest];
  }

  addPipe(from, to, bits) {
    const [one, other] = [this.nodes.get(from), this.nodes.get(to)];
    if (one && other && one !== other) {
      const key = `${one.key} > ${other.key}`;
      const known = this.pipes.get(key) || { key, from: one, to: other, bits: 0 };
      known.bits += bits;
      this.pipes.set(key, known);
    }
  }

  addPipes() {
    for (const [key, node] of this.nodes) {
      if (key.startsWith("upstream ")) {
        this.addPipe(key, PROXY, 0);
      } else if (key.startsWith("downstream ")) {
        this.addPipe(PROXY, key, 0);
      } else if (key.startsWith("host ") && node.link) {
        this.addPipe(node.link, key, 0);
      }
    }
    for (const flow of this.flows) {
      const bits = flow.health === "good" ? flow["bit-rate"] || 0 : 0;
      for (const [from, to] of this.way(flow)) {
        this.addPipe(from, to, bits);
      }
    }
  }

  // The segments of a flow, in the order of its data: pairs of keys, with the part they belong to.
  way(flow) {
    const found = [];
    const group = flow["group-address"];
    const iif = this.interfaces.get(flow["incoming-interface"]);
    if (iif) {
      found.push([flow.origin, iif, "source"], [iif, PROXY, "in"]);
    }
    const names = new Set(flow["outgoing-interface"]);
    for (const [name, key] of this.interfaces) {
      if (key.startsWith("downstream") && key !== iif && this.members.has(`${name} ${group}`)) {
        names.add(name);
      }
    }
    for (const name of names) {
      const key = this.interfaces.get(name);
      if (key) {
        found.push([PROXY, key, "out"]);
        for (const host of this.members.get(`${name} ${group}`) || []) {
          found.push([key, host, "host"]);
        }
      }
    }
    return found;
  }

  addStreams() {
    const shown = this.flows.slice(0, MOST_STREAMS);
    // They lie side by side, and all together are no wider than a node.
    const widths = shown.map((flow) => widthOf(flow["bit-rate"]));
    const all = widths.reduce((sum, width) => sum + width + GAP, 0);
    const scale = Math.min(1, ROOM / all);
    let place = -all / 2;
    shown.forEach((flow, index) => {
      const shift = (place + widths[index] / 2) * scale;
      place += widths[index] + GAP;
      const stream = { flow, shift, width: widths[index] * scale, segments: [], breaks: [] };
      const seen = new Set();
      for (const [from, to, part] of this.way(flow)) {
        const [one, other] = [this.nodes.get(from), this.nodes.get(to)];
        const key = one && other ? `${one.key} > ${other.key}` : "";
        if (!key || one === other || seen.has(key)) {
          continue;
        }
        seen.add(key);
        const look = lookOf(flow, part);
        stream.segments.push({ key: `${flow.key} ${key}`, from: one, to: other, look });
        if (look === "broken" && part === breakOf(flow)) {
          stream.breaks.push({ key: `break ${flow.key} ${key}`, from: one, to: other });
        }
      }
      this.streams.push(stream);
    });
  }

  summary() {
    const sum = { good: 0, waiting: 0, broken: 0 };
    for (const flow of this.flows) {
      sum[flow.health] += 1;
    }
    const parts = [
      sum.broken ? `${sum.broken} broken` : "",
      sum.good ? `${sum.good} forwarded` : "",
      sum.waiting ? `${sum.waiting} waiting for data` : "",
    ].filter(Boolean);
    return parts.length ? `${count(this.flows.length, "flow", "flows")}: ${parts.join(", ")}` : "no flows";
  }
}

// In which part of its way a broken flow breaks.
function breakOf(flow) {
  return PASSES_PROXY.has(flow.state) ? "out" : REACHES_PROXY.has(flow.state) ? "in" : "source";
}

const PARTS = ["source", "in", "out", "host"];

function lookOf(flow, part) {
  if (flow.health !== "broken") {
    return flow.health;
  }
  return PARTS.indexOf(part) < PARTS.indexOf(breakOf(flow)) ? "arriving" : "broken";
}
