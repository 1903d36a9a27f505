// Where things are on the picture: in columns from left to right, or on a telephone in rows.

const HEIGHT = 42;
const GAP = 12;
const HEAD = 26;
const ROW = HEIGHT + 58;

export class Sheet {
  constructor(width) {
    this.width = Math.floor(width);
    this.isWide = width >= 700;
    this.most = this.isWide ? 8 : 3;
    this.boxWidth = this.isWide ? Math.min(190, (this.width - 4 * 44) / 5) : (this.width - 2 * 8) / 3;
    this.places = new Map();
  }

  place(layers) {
    const most = Math.max(...layers.map((nodes) => nodes.length), 1);
    // On a telephone a layer without nodes has no row.
    let row = 0;
    this.tops = layers.map((nodes) => (nodes.length ? ROW * row++ : -1));
    this.height = this.isWide ? HEAD + most * (HEIGHT + GAP) : ROW * row - 32;
    layers.forEach((nodes, layer) => {
      nodes.forEach((node, index) => {
        this.places.set(node.key, this.isWide ? this.inColumn(layer, index, nodes.length) : this.inRow(layer, index, nodes.length));
      });
    });
  }

  inColumn(layer, index, count) {
    const room = (this.height - HEAD) / count;
    const x = (layer * (this.width - this.boxWidth)) / 4;
    return { x: round(x), y: round(HEAD + room * (index + 0.5) - HEIGHT / 2) };
  }

  inRow(layer, index, count) {
    const room = this.width / count;
    return { x: round(room * (index + 0.5) - this.boxWidth / 2), y: this.tops[layer] + 22 };
  }

  box(node) {
    return { ...this.places.get(node.key), width: round(this.boxWidth), height: HEIGHT };
  }

  hasTitle(layer) {
    return this.isWide || this.tops[layer] >= 0;
  }

  titlePlace(layer) {
    if (this.isWide) {
      return [round((layer * (this.width - this.boxWidth)) / 4 + this.boxWidth / 2), 14];
    }
    return [0, this.tops[layer] + 14];
  }

  // Where a line leaves one node and meets the other, `shift` beside the middle.
  ends(from, to, shift) {
    const [one, other] = [this.box(from), this.box(to)];
    const isForward = to.layer > from.layer;
    if (this.isWide) {
      const y1 = one.y + HEIGHT / 2 + shift;
      const y2 = other.y + HEIGHT / 2 + shift;
      return isForward ? [one.x + one.width, y1, other.x, y2] : [one.x, y1, other.x + other.width, y2];
    }
    const x1 = one.x + one.width / 2 + shift;
    const x2 = other.x + other.width / 2 + shift;
    return isForward ? [x1, one.y + HEIGHT, x2, other.y] : [x1, one.y, x2, other.y + HEIGHT];
  }

  line(from, to, shift) {
    const [x1, y1, x2, y2] = this.ends(from, to, shift).map(round);
    if (this.isWide) {
      const middle = round((x1 + x2) / 2);
      return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
    }
    const middle = round((y1 + y2) / 2);
    return `M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}`;
  }

  middle(from, to, shift) {
    const [x1, y1, x2, y2] = this.ends(from, to, shift);
    return [round((x1 + x2) / 2), round((y1 + y2) / 2)];
  }

  // A text that fits into a node; its middle is left out.
  fitting(text) {
    const room = this.boxWidth - 14;
    let shown = text;
    for (let left = text.length - 1; left > 1 && widthOfText(shown) > room; left -= 1) {
      const head = Math.ceil(left / 2);
      shown = `${text.slice(0, head)}…${text.slice(text.length - (left - head))}`;
    }
    return shown;
  }
}

const context = document.createElement("canvas").getContext("2d");
const widths = new Map();

function widthOfText(text) {
  let width = widths.get(text);
  if (width === undefined) {
    context.font = `600 13px ${getComputedStyle(document.body).fontFamily}`;
    width = context.measureText(text).width;
    if (widths.size > 1000) {
      widths.clear();
    }
    widths.set(text, width);
  }
  return width;
}

function round(value) {
  return Math.round(value * 10) / 10;
}
