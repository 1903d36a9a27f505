// What the daemon has said: tables of rows by key, and events. It keeps the connection too.

const SILENCE = 10000; // milliseconds without a message after which the connection counts as lost
const FIRST_RETRY = 1000;
const LAST_RETRY = 5000;
const HIDDEN_TIME = 10000; // a page that nobody sees for so long disconnects
const MOST_EVENTS = 500;

export class Store extends EventTarget {
  constructor() {
    super();
    this.state = "connecting"; // or "open", "lost", "resting"
    this.since = Date.now();
    this.events = [];
    this.cycle = { time: 0, counts: {}, error: null };
    this.retry = FIRST_RETRY;
    this.clear();
    setInterval(() => this.checkSilence(), 1000);
    document.addEventListener("visibilitychange", () => this.visibilityChanged());
  }

  clear() {
    this.tables = {};
    for (const name of ["daemon", "instances", "interfaces", "hosts", "flows"]) {
      this.tables[name] = new Map();
    }
  }

  rows(name) {
    return [...this.tables[name].values()];
  }

  connect() {
    this.disconnect();
    const stream = new EventSource("live");
    this.stream = stream;
    this.heard = Date.now();
    const on = (name, handle) =>
      stream.addEventListener(name, (message) => {
        this.heard = Date.now();
        handle(JSON.parse(message.data));
      });
    on("begin", () => {
      this.clear();
      this.events = [];
    });
    on("rows", (change) => this.take(change));
    on("events", (rows) => this.addEvents(rows));
    on("cycle", (cycle) => {
      this.cycle = cycle;
      this.retry = FIRST_RETRY;
      this.setState("open");
      this.tell("cycle");
    });
    on("alive", () => {});
    stream.onerror = () => this.lost();
  }

  disconnect() {
    clearTimeout(this.timer);
    if (this.stream) {
      this.stream.close();
      this.stream = null;
    }
  }

  take(change) {
    const table = this.tables[change.table];
    if (table === undefined) {
      return; // of a newer daemon
    }
    for (const key of change.drop) {
      table.delete(key);
    }
    for (const row of change.put) {
      table.set(row.key, row);
    }
  }

  addEvents(rows) {
    this.events.push(...rows);
    if (this.events.length > MOST_EVENTS) {
      this.events.splice(0, this.events.length - MOST_EVENTS);
    }
    this.tell("events");
  }

  lost() {
    this.disconnect();
    this.setState("lost");
    this.timer = setTimeout(() => this.connect(), this.retry);
    this.retry = Math.min(this.retry * 2, LAST_RETRY);
  }

  checkSilence() {
    if (this.stream && Date.now() - this.heard > SILENCE) {
      this.lost();
    }
  }

  visibilityChanged() {
    clearTimeout(this.hiding);
    if (document.hidden) {
      this.hiding = setTimeout(() => {
        this.disconnect();
        this.setState("resting");
      }, HIDDEN_TIME);
    } else if (!this.stream) {
      this.connect();
    }
  }

  setState(state) {
    if (state !== this.state) {
      this.state = state;
      this.since = Date.now();
      this.tell("connection");
    }
  }

  tell(name) {
    this.dispatchEvent(new Event(name));
  }
}
