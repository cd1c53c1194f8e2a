"use strict";

// The search of every page, and the keyboard's way into boxes that scroll.

(() => {
  const MOST = 40;
  const form = document.getElementById("search");
  const query = document.getElementById("query");
  const results = document.getElementById("results");
  const status = results.querySelector("[role=status]");
  const list = results.querySelector("ol");
  const entries = ABI_SEARCH.map(([kind, name, about, page]) => {
    const all = `${kind} ${name} ${about}`.toLowerCase();
    return { kind, name, about, page, lower: name.toLowerCase(), all };
  });

  // Smaller is better: the name itself, its beginning, the beginning of a word in it, a part of it,
  // and last what is in the remark only.
  const rank = (entry, words) => {
    const [first] = words;
    if (!words.every((word) => entry.all.includes(word))) return null;
    if (entry.lower === words.join(" ")) return 0;
    if (entry.lower.startsWith(first)) return 1;
    if (entry.lower.includes(`_${first}`) || entry.lower.includes(`-${first}`)) return 2;
    return entry.lower.includes(first) ? 3 : 4;
  };

  const element = (name, className, text) => {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;
    return made;
  };

  const search = () => {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    list.replaceChildren();
    results.hidden = words.length === 0;
    if (results.hidden) {
      status.textContent = "";
      return;
    }
    const found = entries
      .map((entry, order) => ({ entry, order, rank: rank(entry, words) }))
      .filter(({ rank }) => rank !== null)
      .sort((a, b) => a.rank - b.rank || a.order - b.order);
    for (const { entry } of found.slice(0, MOST)) {
      const link = element("a", "", "");
      link.href = entry.page;
      link.append(element("span", "kind", entry.kind), " ", element("code", "", entry.name), " ",
        element("span", "soft", entry.about));
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    const shown = found.length > MOST ? `, the first ${MOST} are shown` : "";
    status.textContent = found.length === 0
      ? `Nothing is called “${query.value.trim()}”.`
      : `${found.length} found${shown}`;
  };

  const links = () => [...list.querySelectorAll("a")];

  form.hidden = false;
  query.addEventListener("input", search);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [first] = links();
    if (first) first.click();
  });
  list.addEventListener("click", () => {
    // A result on this page only moves there.
    query.value = "";
    search();
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.matches("input, select, textarea");
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      query.focus();
      return;
    }
    const isSearching = event.target === query || list.contains(event.target);
    if (!isSearching || results.hidden) return;
    if (event.key === "Escape") {
      query.value = "";
      search();
      query.focus();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const all = [query, ...links()];
      const next = all[all.indexOf(event.target) + step];
      if (next) next.focus();
    }
  });
  // The browser keeps the text when it goes back to a page.
  search();
  window.addEventListener("pageshow", search);

  // A box that scrolls has to take the focus, so that arrow keys scroll it.
  const reach = () => {
    for (const box of document.querySelectorAll(".scroll")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  window.reachScrollBoxes = reach;
  window.addEventListener("resize", reach);
  reach();
})();
