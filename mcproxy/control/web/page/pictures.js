// The pictures of all instances, drawn again at each cycle; elements that stay are only changed.

import { byId, drawn, element, reconcile, setAttribute, setText } from "./dom.js";
import { LAYERS, sceneOf, widthOf } from "./scene.js";
import { Sheet } from "./sheet.js";
import { rate, source } from "./words.js";

const MOST_OPEN = 6;

export class Pictures {
  constructor(store, explain) {
    this.store = store;
    this.explain = explain;
    store.addEventListener("cycle", () => this.show());
    let waiting = 0;
    addEventListener("resize", () => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(() => this.show());
    });
  }

  show() {
    const names = this.store.rows("instances").map((row) => row.instance).sort();
    this.isCrowded = names.length > MOST_OPEN;
    reconcile(
      byId("pictures"),
      names,
      (name) => name,
      (name) => this.make(name),
      (child, name) => this.change(child, name),
    );
  }

  make(name) {
    const summary = element("summary", {}, element("h3", {}, name), element("span", { class: "quiet" }));
    const picture = drawn("svg", { role: "img" }, ...["pipes", "lines", "breaks", "titles", "nodes"].map((layer) => drawn("g", { class: layer })));
    const made = element("details", { class: "picture" }, summary, picture);
    made.open = !this.isCrowded;
    made.addEventListener("toggle", () => made.open && this.change(made, name));
    return made;
  }

  change(child, name) {
    const [summary, picture] = child.children;
    const width = Math.max(child.clientWidth - 2, 280);
    const sheet = new Sheet(width);
    const scene = sceneOf(name, this.store, sheet.most);
    setText(summary.lastElementChild, scene.summary());
    setAttribute(picture, "aria-label", `Picture of instance ${name}. ${scene.summary()}. The table of flows has the details.`);
    if (child.open) {
      sheet.place(scene.layers);
      this.draw(picture, scene, sheet);
    }
  }

  draw(picture, scene, sheet) {
    setAttribute(picture, "viewBox", `0 0 ${sheet.width} ${sheet.height}`);
    setAttribute(picture, "width", sheet.width);
    setAttribute(picture, "height", sheet.height);
    const [pipes, lines, breaks, titles, nodes] = picture.children;
    const keyOf = (item) => item.key;
    const named = LAYERS.map((title, layer) => ({ key: title, layer })).filter((one) => sheet.hasTitle(one.layer));
    reconcile(titles, named, keyOf, (item) => drawn("text", { class: "layer" }, item.key), (child, item) => {
      const [x, y] = sheet.titlePlace(item.layer);
      setAttribute(child, "x", x);
      setAttribute(child, "y", y);
      setAttribute(child, "text-anchor", sheet.isWide ? "middle" : "start");
    });
    const path = () => drawn("path");
    reconcile(pipes, [...scene.pipes.values()], keyOf, path, (child, pipe) => {
      setAttribute(child, "d", sheet.line(pipe.from, pipe.to, 0));
      setAttribute(child, "stroke-width", pipe.bits ? (widthOf(pipe.bits) + 3).toFixed(1) : "1");
    });
    const segments = scene.streams.flatMap((stream) => stream.segments.map((segment) => ({ ...segment, stream })));
    reconcile(lines, segments, keyOf, (segment) => this.makeLine(segment), (child, segment) => {
      changeLine(child, segment, sheet);
    });
    const marks = scene.streams.flatMap((stream) => stream.breaks.map((one) => ({ ...one, stream })));
    reconcile(breaks, marks, keyOf, () => drawn("path", { class: "mark" }), (child, mark) => {
      const [x, y] = sheet.middle(mark.from, mark.to, mark.stream.shift);
      setAttribute(child, "d", `M${x - 6} ${y - 6}L${x + 6} ${y + 6}M${x + 6} ${y - 6}L${x - 6} ${y + 6}`);
    });
    reconcile(nodes, scene.layers.flat(), keyOf, makeNode, (child, node) => changeNode(child, node, sheet));
  }

  makeLine(segment) {
    const { flow } = segment.stream;
    const click = () => this.explain(flow["group-address"], flow.instance);
    return drawn("path", { onclick: click }, drawn("title"));
  }
}

function changeLine(child, segment, sheet) {
  const { flow } = segment.stream;
  setAttribute(child, "class", `line ${segment.look}`);
  setAttribute(child, "d", sheet.line(segment.from, segment.to, segment.stream.shift));
  const least = flow.health === "broken" ? 2 : 1;
  setAttribute(child, "stroke-width", Math.max(segment.stream.width, least).toFixed(1));
  const origin = source(flow["source-address"]);
  setText(child.firstElementChild, `${flow["group-address"]} from ${origin}: ${rate(flow["bit-rate"], "bit/s")}, ${flow.reason}`);
}

function makeNode() {
  return drawn("g", {}, drawn("title"), drawn("rect", { rx: 6 }), drawn("text", { class: "name" }), drawn("text", { class: "detail" }));
}

function changeNode(child, node, sheet) {
  const [tip, box, name, detail] = child.children;
  const { x, y, width, height } = sheet.box(node);
  setAttribute(child, "class", `node ${node.kind} ${node.health}`);
  setText(tip, [node.title, node.detail, node.more].filter(Boolean).join(" – "));
  for (const [key, value] of Object.entries({ x, y, width, height })) {
    setAttribute(box, key, value);
  }
  const line = node.detail ? 17 : 26;
  setAttribute(name, "x", x + 8);
  setAttribute(name, "y", y + line);
  setText(name, sheet.fitting(node.title));
  setAttribute(detail, "x", x + 8);
  setAttribute(detail, "y", y + 33);
  setText(detail, sheet.fitting(node.detail || ""));
}
