// What looks as if it could be clicked, what is known of it, and where to hit it. Nothing is decided here.
const MOST = 300;
const CONTROLS = "a, button, input, select, textarea, summary, [role=button], [role=link], [contenteditable]";
const PLACES = [
  "nav", "menu", "label", "[contenteditable]", "[role=navigation]", "[role=menu]", "[role=menubar]", "[role=toolbar]",
  "[role=tablist]", "[role=listbox]", "[role=tree]", "[role=grid]", "[role=radiogroup]", "[role=search]",
  "[role=banner]", "body > header", "body > footer", "[role=contentinfo]",
].join(", ");
// What acts, or may, when something inside it is clicked.
const ACTING = [
  "a, button, input, select, textarea, option, summary, label, audio, video",
  ...["onclick", "onmousedown", "onmouseup", "onpointerdown", "onpointerup"].map((name) => `[${name}]`),
  ...["button", "link", "menuitem", "menuitemcheckbox", "menuitemradio", "option", "tab", "checkbox", "radio", "switch"].map(
    (role) => `[role~=${role} i]`,
  ),
].join(", ");
const LEAVES = new Set(["span", "div", "p", "b", "strong", "em", "i", "u", "font"]);
const known = { elements: [], around: [], seen: new WeakSet() };

const pointer = (node) => getComputedStyle(node).cursor === "pointer";

const COMMON = "button, summary, [role=button], [aria-expanded], a:not([href]), a[href*='#'], a[href^='javascript:']";

// The common kinds come first: the browser finds them at once in any number of elements, a walk may not get there.
function* candidates(scan) {
  yield* caller(Document, "querySelectorAll")(document, COMMON);
  yield* elements(scan);
}

const lookedFor = (node) => {
  const name = localName(node);
  if (name === "button" || name === "summary" || attribute(node, "role") === "button") return true;
  if (hasAttribute(node, "aria-expanded")) return true;
  if (name === "a") return linkOf(node) !== "away";
  // Text that is a button in all but name: a leaf that alone has the hand for its cursor.
  if (!LEAVES.has(name) || childCount(node)) return false;
  const length = textContent(node).trim().length;
  return length > 0 && length <= 60 && pointer(node) && !pointer(parentElement(node) ?? node);
};

const linkOf = (node) => {
  const link = near(node, "a[href], area[href]");
  if (!link) return "";
  const href = attribute(link, "href").trim();
  if (/^javascript:\s*(void\s*\(?\s*0\s*\)?)?\s*;?$/i.test(href)) return "here";
  if (hasAttribute(link, "download") || !href.includes("#")) return "away";
  try {
    const target = new URL(href, document.baseURI);
    return target.href.split("#")[0] === location.href.split("#")[0] ? "here" : "away";
  } catch {
    return "away";
  }
};

const cutOff = (node) => {
  const style = getComputedStyle(node);
  if (style.overflowX === "visible" || textContent(node).trim().length < 20 || !size.clientHeight(node)) return false;
  const scrolls = /auto|scroll/.test(style.overflowX + style.overflowY);
  const hidden = size.scrollHeight(node) > size.clientHeight(node) + 4 || size.scrollWidth(node) > size.clientWidth(node) + 4;
  return hidden && !scrolls;
};

// Whether the control stands where a text breaks off: after a cut or clamped one, after an ellipsis, or inside it.
const truncated = (node) => {
  for (let at = node, step = 0; at && step < 3; at = parentElement(at), step += 1) {
    if (at === body()) return false;
    const before = previousElement(at);
    const last = before && childrenOf(before)[childCount(before) - 1];
    if ((before && cutOff(before)) || (last && cutOff(last))) return true;
    let text = previousSibling(at);
    while (text && !textContent(text).trim()) text = previousSibling(text);
    if (text && /(…|\.\.\.)\s*$/.test(textContent(text).slice(-20))) return true;
    if (step > 0 && cutOff(at)) return true;
  }
  return false;
};

const afterList = (node) => {
  for (let at = node, step = 0; at && step < 3; at = parentElement(at), step += 1) {
    const before = previousElement(at);
    if (!before) continue;
    if (/^(ol|ul)$/.test(localName(before)) || /^(list|feed)$/.test(attribute(before, "role"))) return true;
    const [first, second, third] = childrenOf(before);
    if (third && localName(first) === localName(second) && localName(second) === localName(third)) return true;
  }
  return false;
};

// Set like text: no ground, no frame, no picture. Buttons that do things seldom are.
const plain = (node) => {
  const style = getComputedStyle(node);
  const ground = style.backgroundColor === "rgba(0, 0, 0, 0)" && style.backgroundImage === "none";
  const frame = style.borderTopStyle !== "none" && parseFloat(style.borderTopWidth) > 0;
  return ground && !frame && style.boxShadow === "none" && !queryAll(node, "img, svg, video, canvas, input").length;
};

// Whether a click on it passes something else that acts on its way up (DOM Standard, 2.9), the slots it fills included.
const inside = (node) => {
  const above = (at) => assignedSlot(at) ?? parentElement(at);
  for (let at = above(node); at; at = above(at)) if (isA(at, ACTING)) return true;
  return false;
};

const facts = (node, index) => ({
  index,
  tag: localName(node),
  type: attribute(node, "type").toLowerCase(),
  role: attribute(node, "role"),
  text: innerText(node).trim().slice(0, 160),
  label: (attribute(node, "aria-label") || attribute(node, "title")).trim().slice(0, 160),
  expanded: attribute(node, "aria-expanded"),
  popup: attribute(node, "aria-haspopup"),
  toggle: hasAttribute(node, "aria-pressed") || hasAttribute(node, "aria-checked") || hasAttribute(node, "aria-selected"),
  disabled: node.disabled === true || attribute(node, "aria-disabled") === "true" || closest(node, "fieldset[disabled]") !== null,
  link: linkOf(node),
  holds: queryAll(node, CONTROLS).length > 0,
  inside: inside(node),
  form: !!near(node, "form") || hasAttribute(node, "form"),
  place: near(node, PLACES) !== null,
  details: localName(node) === "summary" && isA(parentElement(node), "details:not([open])"),
  truncated: truncated(node),
  list: afterList(node),
  plain: plain(node),
});

const remember = (node) => {
  known.elements.push(node);
  let around = node;
  for (let step = 0; step < 4; step += 1) {
    const parent = parentElement(around);
    if (!parent || (step > 0 && parent === body())) break;
    around = parent;
  }
  known.around.push(around);
  return known.elements.length - 1;
};

// Controls that were not told before.
const controls = () => {
  const scan = newScan();
  const found = [];
  for (const node of candidates(scan)) {
    if (found.length === MOST) break;
    if (known.seen.has(node) || !lookedFor(node) || !visible(node)) continue;
    known.seen.add(node);
    found.push(facts(node, remember(node)));
  }
  return { found, cut: scan.cut, more: found.length === MOST };
};

const control = (index) => {
  const node = known.elements[index];
  return node && isConnected(node) && visible(node) ? facts(node, index) : null;
};

// Whether a click there meets this element, and no other control inside or above it.
const hits = (node, x, y) => {
  const found = elementAt(x, y);
  if (!found || !within(node, found) || linkOf(found) === "away") return false;
  const inner = near(found, CONTROLS);
  return !inner || inner === node || !within(node, inner);
};

const target = (node) => {
  const { left, top, width, height } = node.getClientRects()[0] ?? rectangle(node);
  for (const [across, down] of [[0.5, 0.5], [0.25, 0.5], [0.75, 0.5], [0.5, 0.25], [0.5, 0.75]]) {
    const x = Math.floor(left + width * across);
    const y = Math.floor(top + height * down);
    if (x >= 0 && y >= 0 && x < innerWidth && y < innerHeight && hits(node, x, y)) return { x, y };
  }
  return null;
};

const aim = async (index, reveal) => {
  const node = known.elements[index];
  if (!node || !isConnected(node)) return { state: "gone" };
  for (let attempt = 0; attempt < 4; attempt += 1) {
    if (reveal) caller(Element, "scrollIntoView")(node, { block: "center", inline: "nearest", behavior: "instant" });
    await pause(30);
    const before = rectangle(node);
    await pause(50);
    const after = rectangle(node);
    if (!isConnected(node) || !visible(node)) return { state: "gone" };
    if (Math.abs(before.x - after.x) + Math.abs(before.y - after.y) > 1) continue;
    const about = { selector: selector(node), box: box(node) };
    const point = target(node);
    return point ? { state: "ready", ...point, ...about } : { state: "covered", ...about };
  }
  return { state: "moving", selector: selector(node), box: box(node) };
};

const stillThere = (index, x, y) => {
  const node = known.elements[index];
  return !!node && isConnected(node) && hits(node, x, y);
};

// What a click may change: the control itself, and the text and height around it.
const measure = (index) => {
  const node = known.elements[index];
  const around = known.around[index];
  if (!node || !around) return null;
  const there = isConnected(node) && visible(node);
  const open = isA(parentElement(node), "details[open]");
  return {
    there,
    expanded: attribute(node, "aria-expanded"),
    open: localName(node) === "summary" && open,
    text: textContent(around).length,
    height: Math.round(rectangle(around).height) || 0,
    elements: queryAll(around, "*").length,
  };
};

// Asked before a document is left while something is being clicked; the driver then answers that it stays.
addEventListener("beforeunload", (event) => event.preventDefault());
