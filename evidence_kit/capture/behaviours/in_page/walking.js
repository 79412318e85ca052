// Looking at the document without asking the page. Properties are read through the getters of the prototypes: a form
// and the document answer for any name with an element of their own (<input name="parentNode">), here as in the page.
const reader = (type, name) => {
  const { get } = Object.getOwnPropertyDescriptor(type.prototype, name);
  return (node) => get.call(node);
};
const caller = (type, name) => {
  const method = type.prototype[name];
  return (node, ...given) => method.apply(node, given);
};
const parentNode = reader(Node, "parentNode");
const previousSibling = reader(Node, "previousSibling");
const textContent = reader(Node, "textContent");
const isConnected = reader(Node, "isConnected");
const getRootNode = caller(Node, "getRootNode");
const containsNode = caller(Node, "contains");
const localName = reader(Element, "localName");
const shadowRoot = reader(Element, "shadowRoot");
const assignedSlot = reader(Element, "assignedSlot");
const previousElement = reader(Element, "previousElementSibling");
const childCount = reader(Element, "childElementCount");
const childrenOf = reader(Element, "children");
const attribute = (node, name) => caller(Element, "getAttribute")(node, name) ?? "";
const hasAttribute = caller(Element, "hasAttribute");
const isA = (node, wanted) => node instanceof Element && caller(Element, "matches")(node, wanted);
const closest = caller(Element, "closest");
const rectangle = caller(Element, "getBoundingClientRect");
const checkVisibility = caller(Element, "checkVisibility");
const queryAll = caller(Element, "querySelectorAll");
const size = Object.fromEntries(
  ["scrollHeight", "clientHeight", "scrollWidth", "clientWidth", "scrollTop", "scrollLeft"].map((name) => [
    name,
    reader(Element, name),
  ]),
);
const innerText = (node) => (node instanceof HTMLElement ? reader(HTMLElement, "innerText")(node) : textContent(node));
const rootElement = () => reader(Document, "documentElement")(document);
const body = () => reader(Document, "body")(document) ?? rootElement();
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const SCAN_MILLISECONDS = 1000;

const parentElement = (node) => {
  const parent = parentNode(node);
  if (parent instanceof ShadowRoot) return parent.host;
  return parent instanceof Element ? parent : null;
};

// The nearest element that matches, leaving shadow trees on the way.
const near = (node, selector) => {
  for (let from = node; from; ) {
    const found = closest(from, selector);
    if (found) return found;
    const root = getRootNode(from);
    from = root instanceof ShadowRoot ? root.host : null;
  }
  return null;
};

const within = (outer, node) => {
  for (let at = node; at; at = parentElement(at)) if (at === outer) return true;
  return false;
};

// Every element in the order of the document, open shadow trees included, until the time is over.
function* elements(scan, root = document) {
  const walker = caller(Document, "createTreeWalker")(document, root, NodeFilter.SHOW_ELEMENT);
  while (walker.nextNode()) {
    scan.looked += 1;
    if (scan.looked % 256 === 0 && performance.now() > scan.end) scan.cut = true;
    if (scan.cut) return;
    yield walker.currentNode;
    const shadow = shadowRoot(walker.currentNode);
    if (shadow) yield* elements(scan, shadow);
  }
}
const newScan = () => ({ end: performance.now() + SCAN_MILLISECONDS, looked: 0, cut: false });

const visible = (node) => {
  if (!checkVisibility(node, { visibilityProperty: true, opacityProperty: true })) return false;
  const { width, height, right, bottom } = rectangle(node);
  return width >= 2 && height >= 2 && right > 0 && bottom + scrollY > 0 && !near(node, "[aria-hidden=true], [inert]");
};

const box = (node) => {
  const { x, y, width, height } = rectangle(node);
  return { x: x + scrollX, y: y + scrollY, width, height };
};

const inRoot = (node, wanted) => {
  const root = getRootNode(node);
  return caller(root instanceof Document ? Document : DocumentFragment, "querySelectorAll")(root, wanted);
};

// A path that finds the element again in the DOM as recorded; >>> enters a shadow tree.
const selector = (node) => {
  const parts = [];
  for (let at = node; at && parts.length < 10; at = parentElement(at)) {
    const id = attribute(at, "id");
    if (/^[A-Za-z][\w-]{0,60}$/.test(id) && inRoot(at, `#${id}`).length === 1) {
      parts.unshift(`#${id}`);
      break;
    }
    let number = 1;
    for (let other = previousElement(at); other; other = previousElement(other)) {
      if (localName(other) === localName(at)) number += 1;
    }
    parts.unshift(`${localName(at)}:nth-of-type(${number})`);
    if (parentNode(at) instanceof ShadowRoot) parts.unshift(">>>");
  }
  return parts.join(" > ").replaceAll("> >>> >", ">>>");
};

const elementAt = (x, y) => {
  let found = caller(Document, "elementFromPoint")(document, x, y);
  for (let shadow = found && shadowRoot(found); shadow; shadow = found && shadowRoot(found)) {
    const inner = shadow.elementFromPoint(x, y);
    if (!inner || inner === found) break;
    found = inner;
  }
  return found;
};
