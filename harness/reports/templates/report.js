"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const filter = document.querySelector(".filter");
  const failures = all(".failure");
  document.querySelector(".keys").hidden = false;

  // Printing shows the evidence of every failure, folded or not.
  addEventListener("beforeprint", () => all(".failure details").forEach((d) => { d.open = true; }));

  const reveal = (element) => {
    for (let at = element; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  };

  let current = -1;
  const step = (by) => {
    const shown = failures.filter((f) => !f.hidden);
    if (!shown.length) return;
    current = Math.min(Math.max(current + by, 0), shown.length - 1);
    const evidence = shown[current].querySelector("details");
    if (evidence) evidence.open = true;
    shown[current].scrollIntoView({ block: "start" });
    shown[current].focus({ preventScroll: true });
  };

  const search = filter && filter.querySelector("input");
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "Escape" && search) { search.value = ""; outcome.value = ""; apply(); search.blur(); }
    else if (isTyping) return;
    else if (event.key === "/" && search) { event.preventDefault(); search.focus(); }
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
  });
  if (!filter) return;

  filter.hidden = false;
  const outcome = filter.querySelector("select");
  const told = filter.querySelector("output");
  const OPENED = 400; // rows up to which matching files unfold by themselves

  // Rows are read once, at the first use: opening the page must not wait for ten thousand of them.
  let suites = null;
  const read = () => all("details.suite").map((suite) => ({
    element: suite, wasOpen: suite.open,
    modules: all("details.module", suite).map((module) => {
      const path = module.querySelector(".path").textContent.toLowerCase();
      const rows = all("tr", module).map((row) => ({
        element: row, status: row.className, text: `${path}::${row.cells[1].textContent.toLowerCase()}`,
      }));
      return { element: module, wasOpen: module.open, rows };
    }),
  }));

  const show = (element, isShown) => { if (element.hidden === isShown) element.hidden = !isShown; };

  const apply = () => {
    suites = suites || read();
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const statuses = outcome.value ? outcome.value.split(" ") : null;
    const isActive = words.length > 0 || statuses !== null;
    const matches = (status, text) =>
      (!statuses || statuses.includes(status)) && words.every((word) => text.includes(word));
    let found = 0, total = 0;
    for (const suite of suites) for (const module of suite.modules) {
      module.found = module.rows.filter((row) => (row.isShown = matches(row.status, row.text))).length;
      found += module.found;
      total += module.rows.length;
    }
    const unfolds = isActive && found <= OPENED;
    for (const suite of suites) {
      for (const module of suite.modules) {
        for (const row of module.rows) show(row.element, row.isShown);
        show(module.element, module.found > 0);
        module.element.open = isActive ? unfolds && module.found > 0 : module.wasOpen;
      }
      const hasFound = suite.modules.some((module) => module.found);
      show(suite.element, hasFound || !isActive);
      suite.element.open = isActive ? hasFound : suite.wasOpen;
    }
    for (const failure of failures) {
      const status = failure.classList[2];
      show(failure, matches(status, failure.textContent.toLowerCase()));
    }
    told.textContent = isActive ? `${found} of ${total}` : "";
    current = -1;
  };

  let frame = 0;
  const soon = () => { cancelAnimationFrame(frame); frame = requestAnimationFrame(apply); };
  search.addEventListener("input", soon);
  outcome.addEventListener("change", soon);
  addEventListener("hashchange", () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target) reveal(target);
  });
})();
