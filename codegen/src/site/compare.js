"use strict";

// Compares two targets. The address names them: #a=TARGET&b=TARGET, with &av=VERSION&bv=VERSION if
// there are several versions, &record=NAME to show one record, and &all=1 for what is equal.

(() => {
  const form = document.getElementById("compare");
  const summary = document.getElementById("summary");
  const outcome = document.getElementById("outcome");
  const control = (id) => document.getElementById(id);
  const newest = ABI_VERSIONS.length - 1;

  const element = (name, attributes, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const code = (text) => element("code", {}, text);

  const groups = (version) => ABI_GROUPS.filter((group) => group.version === version);

  // A side of the address: version, target and group.
  const read = (parameters, side, fallback) => {
    const named = parameters.get(`${side}v`);
    const version = named === null ? fallback.version : ABI_VERSIONS.indexOf(named);
    const target = parameters.get(side) ?? fallback.target;
    const group = groups(version).find(({ targets }) => targets.includes(target));
    return { named, version, target, group };
  };

  const preferred = (version, wanted) => {
    const targets = groups(version).flatMap((group) => group.targets);
    return targets.includes(wanted) ? wanted : targets[0];
  };

  // What the page compares if the address does not name it.
  const GNU = "unknown-linux-gnu";
  const other = newest > 0 ? `x86_64-${GNU}` : `aarch64-${GNU}`;
  const fallback = {
    a: { version: 0, target: preferred(0, `x86_64-${GNU}`) },
    b: { version: newest, target: preferred(newest, other) },
  };

  const fill = (side, { version, target }) => {
    const select = control(side);
    const systems = new Map();
    for (const group of groups(version)) {
      systems.set(group.os, [...(systems.get(group.os) ?? []), ...group.targets]);
    }
    const option = (triple) => element("option", { value: triple }, triple);
    select.replaceChildren(...[...systems].map(([os, targets]) =>
      element("optgroup", { label: os }, ...targets.sort().map(option))));
    select.value = target;
    const versions = control(`${side}v`);
    if (versions) versions.value = ABI_VERSIONS[version];
  };

  const address = () => {
    const parameters = new URLSearchParams({ a: control("a").value, b: control("b").value });
    for (const side of ["av", "bv"]) {
      if (control(side)) parameters.set(side, control(side).value);
    }
    if (control("all").checked) parameters.set("all", "1");
    return `#${parameters}`;
  };

  // Names of the same types of Rust on every target, as in `same_type` of codegen/src/abi_diff.
  const TYPES = {
    c_schar: "i8", c_uchar: "u8", c_short: "i16", c_ushort: "u16",
    c_int: "i32", c_uint: "u32", c_longlong: "i64", c_ulonglong: "u64",
  };
  const plain = (text) => text?.replace(/\bc_[a-z]+\b/g, (name) => TYPES[name] ?? name);

  // How two forms compare; undefined if a side has none.
  const compare = (a, b) => {
    if (a === b) return "equal";
    if (a === undefined) return "only right";
    if (b === undefined) return "only left";
    return plain(a) === plain(b) ? "other spelling" : "differs";
  };
  const differs = ({ word }) => word !== "equal" && word !== "other spelling";

  // The names of both lists, each with its two forms: those of the left in their order come first.
  const pairs = (left, right, text = (form) => form) => {
    const [a, b] = [new Map(left), new Map(right)];
    return [...new Set([...a.keys(), ...b.keys()])].map((name) => {
      const [x, y] = [a.get(name), b.get(name)];
      return { name, a: x, b: y, word: compare(text(x), text(y)) };
    });
  };
  const sorted = (...lists) => pairs(...lists).sort((x, y) => (x.name < y.name ? -1 : 1));
  const layoutText = (index) => {
    if (index === undefined) return undefined;
    const { about, keyword, fields } = ABI_LAYOUTS[index];
    return JSON.stringify([about, keyword, fields]);
  };

  const table = (label, rows) => {
    const cell = (text) => element("td", {}, text === undefined ? "—" : code(text));
    const head = (title) => element("th", { scope: "col" }, title);
    const line = (row) => element("tr", { class: differs(row) ? "changed" : "same" },
      element("th", { scope: "row" }, code(row.name)), cell(row.a), cell(row.b),
      element("td", {}, row.word));
    return element("div", { class: "scroll", role: "group", "aria-label": label },
      element("table", { class: "compared" },
        element("thead", {}, element("tr", {}, ...["name", "left", "right", "outcome"].map(head))),
        element("tbody", {}, ...rows.map(line))));
  };

  const figure = (title, index, marked) => {
    if (index === undefined) {
      return element("figure", { class: "absent" },
        element("figcaption", {}, element("b", {}, title), ": not there"));
    }
    const layout = ABI_LAYOUTS[index];
    const picture = control(`layout-${index}`).content.cloneNode(true);
    for (const cell of picture.querySelectorAll("[data-field]")) {
      cell.classList.toggle("changed", marked.has(cell.dataset.field));
    }
    return element("figure", {},
      element("figcaption", {}, element("b", {}, title), `: ${layout.about}`),
      element("div", { class: "picture scroll", role: "group", "aria-label": `layout, ${title}` },
        picture));
  };

  const record = (pair) => {
    const fields = (index) => (index === undefined ? [] : ABI_LAYOUTS[index].fields);
    const compared = pairs(fields(pair.a), fields(pair.b));
    const isInBoth = pair.a !== undefined && pair.b !== undefined;
    const marked = new Set(isInBoth ? compared.filter(differs).map(({ name }) => name) : []);
    const layout = ABI_LAYOUTS[pair.a ?? pair.b];
    const article = element("article", { class: "layout" },
      element("h3", {}, element("span", { class: "kind" }, layout.keyword), " ",
        element("a", { href: layout.page }, code(pair.name)), " ",
        element("span", { class: "soft outcome" }, pair.word)),
      element("div", { class: "pictures" },
        figure("left", pair.a, marked), figure("right", pair.b, marked)),
      table(`fields of ${pair.name}`, compared));
    article.dataset.record = pair.name;
    return article;
  };

  const section = (title, rows, all, draw) => {
    const shown = rows.filter((row) => all || differs(row));
    const different = rows.filter(differs).length;
    const made = element("section", {}, element("h2", {}, title),
      element("p", { class: "soft" }, `${different} of ${rows.length} differ`));
    if (shown.length > 0) made.append(...draw(shown));
    return made;
  };

  const show = () => {
    const parameters = new URLSearchParams(location.hash.slice(1));
    const [a, b] = ["a", "b"].map((side) => read(parameters, side, fallback[side]));
    outcome.replaceChildren();
    for (const [side, read] of Object.entries({ a, b })) {
      fill(side, read.version < 0 ? fallback[side] : read);
    }
    const missing = [a, b].find(({ group }) => group === undefined);
    if (missing) {
      const version = missing.version < 0 ? missing.named : ABI_VERSIONS[missing.version];
      summary.textContent = missing.version < 0
        ? `This site has no version “${version}”.`
        : `There is no target “${missing.target}” in ${version}.`;
      return;
    }
    const all = parameters.get("all") === "1";
    control("all").checked = all;
    const only = parameters.get("record");
    const isShown = ({ name }) => only === null || name === only;
    const records = sorted(a.group.records, b.group.records, layoutText).filter(isShown);
    const constants = only === null ? sorted(a.group.constants, b.group.constants) : [];
    const functions = only === null ? sorted(a.group.functions, b.group.functions) : [];
    const different = [...records, ...constants, ...functions].filter(differs).length;
    const side = ({ target, version }) =>
      (newest > 0 ? `${target} (${ABI_VERSIONS[version]})` : target);
    const words = { 0: "no difference", 1: "1 difference" };
    const count = words[different] ?? `${different} differences`;
    summary.textContent = `${side(a)} and ${side(b)}: ${count}`;
    document.title = `${a.target} and ${b.target} · ABI of mio`;
    const title = only === null ? "Records" : `Record ${only}`;
    const draw = (rows) => rows.map(record);
    outcome.append(section(title, records, all || only !== null, draw));
    if (only === null) {
      outcome.append(
        section("Constants", constants, all, (rows) => [table("constants", rows)]),
        section("Functions", functions, all, (rows) => [table("functions", rows)]));
    } else {
      const everything = element("a", { href: address() }, "compare everything of both targets");
      outcome.append(element("p", {}, everything));
    }
    window.reachScrollBoxes();
  };

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => {
    if (["av", "bv"].includes(event.target.id)) {
      // The other version may lack the target.
      const side = event.target.id[0];
      const version = ABI_VERSIONS.indexOf(event.target.value);
      fill(side, { version, target: preferred(version, control(side).value) });
    }
    location.hash = address();
  });
  control("swap").addEventListener("click", () => {
    for (const [left, right] of [["av", "bv"], ["a", "b"]]) {
      if (!control(left)) continue;
      const [was, other] = [control(left).value, control(right).value];
      if (left === "a") {
        for (const [side, target] of [["a", other], ["b", was]]) {
          const versions = control(`${side}v`);
          fill(side, { version: versions ? ABI_VERSIONS.indexOf(versions.value) : 0, target });
        }
      } else {
        control(left).value = other;
        control(right).value = was;
      }
    }
    location.hash = address();
  });
  window.addEventListener("hashchange", show);
  show();
})();
