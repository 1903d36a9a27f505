// The dialog that explains a group: what happens to its data at each step.

import { byId, element } from "./dom.js";

const MARKS = { ok: "✓", note: "–", problem: "✕" };
const WORDS = { ok: "ok", note: "note", problem: "problem" };

export class Explanation {
  constructor() {
    this.dialog = byId("explanation");
    this.text = byId("explanation-text");
    this.asking = null;
    byId("explanation-close").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => this.asking && this.asking.abort());
    byId("explain-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask(byId("explain-group").value.trim());
    });
  }

  async ask(group, instance = "") {
    if (this.asking) {
      this.asking.abort();
    }
    const asking = new AbortController();
    this.asking = asking;
    byId("explanation-title").textContent = `Explanation of ${group}`;
    this.text.replaceChildren(element("p", { class: "quiet" }, "Looking at the links…"));
    if (!this.dialog.open) {
      this.dialog.showModal();
    }
    const query = new URLSearchParams({ group });
    if (instance) {
      query.set("instance", instance);
    }
    let children;
    try {
      const response = await fetch(`explain?${query}`, { signal: asking.signal });
      const answer = await response.json();
      children = response.ok ? explained(answer) : [element("p", { class: "notice" }, answer.error)];
    } catch (error) {
      if (error.name === "AbortError") {
        return;
      }
      const text = `The daemon did not answer (${error.message}); try again.`;
      children = [element("p", { class: "notice" }, text)];
    }
    if (asking === this.asking) {
      this.text.replaceChildren(...children);
    }
  }
}

function explained(answer) {
  const verdict = element("p", { class: `verdict ${answer.flows ? "good" : "broken"}` }, answer.verdict);
  return [verdict, ...answer.links.map(explainedLink)];
}

function explainedLink(link) {
  const state = link.flows ? "flows" : "does not flow";
  return element(
    "section",
    {},
    element("h3", {}, `${link.interface} (${link.instance}): ${state}`),
    element("ol", { class: "steps" }, ...link.steps.map(explainedStep)),
  );
}

function explainedStep(step) {
  const cure = step.verdict === "problem" && step.cure ? element("p", {}, `What to do: ${step.cure}`) : null;
  const command = cure && step.command ? element("pre", { tabindex: "0" }, step.command) : null;
  return element(
    "li",
    { class: step.verdict },
    element("span", { class: "mark", "aria-hidden": "true" }, MARKS[step.verdict] || "–"),
    element("span", { class: "unseen" }, `${WORDS[step.verdict] || step.verdict}: `),
    element("b", {}, step.step),
    ` ${step.text}`,
    cure,
    command,
  );
}
