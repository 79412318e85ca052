// What lies over the page: fixed, sticky and top-layer elements that take much of what is shown.
const CONTENT = "article, main, [role=article], [role=main], [role=feed]";
const ANY_CONTROL = "button, a, summary, input[type=button], [role=button], [aria-label], [tabindex]";

const floating = (node) => {
  for (let at = node; at && at !== body() && at !== rootElement(); at = parentElement(at)) {
    if (at instanceof HTMLDialogElement && isA(at, ":modal")) return at;
    if (/fixed|sticky/.test(getComputedStyle(at).position)) return outermost(at);
  }
  return null;
};

const outermost = (node) => {
  let found = node;
  for (let at = node; at && at !== body(); at = parentElement(at)) {
    if (getComputedStyle(at).position === "fixed") found = at;
  }
  return found;
};

const shares = () => {
  const found = new Map();
  for (let row = 0; row < 10; row += 1) {
    for (let column = 0; column < 10; column += 1) {
      const hit = elementAt(((column + 0.5) * innerWidth) / 10, ((row + 0.5) * innerHeight) / 10);
      const over = hit && floating(hit);
      if (over) found.set(over, (found.get(over) ?? 0) + 1);
    }
  }
  return found;
};

const controlsIn = (outer) => {
  const scan = newScan();
  const found = [];
  const frame = rectangle(outer);
  for (const node of elements(scan, outer)) {
    if (found.length === 60) break;
    const candidate = closest(node, ANY_CONTROL) === node || (!childCount(node) && pointer(node));
    if (!candidate || !visible(node)) continue;
    const { top, left, right, width, height } = rectangle(node);
    const corner = top - frame.top < 80 && (frame.right - right < 80 || left - frame.left < 80);
    found.push({ ...facts(node, remember(node)), corner: corner && width <= 64 && height <= 64 });
  }
  return found;
};

// Percent of the view that each takes, its words and its controls; `content` if it holds what the page is about.
const covers = () =>
  [...shares()]
    .filter(([, share]) => share >= 10)
    .map(([node, share]) => {
      const text = innerText(node);
      const most = text.length > 1500 && text.length * 2 > textContent(body()).length;
      const dialog = isA(node, "dialog, [role=dialog], [role=alertdialog], [aria-modal=true]")
        || queryAll(node, "dialog, [role=dialog], [role=alertdialog], [aria-modal=true]").length > 0;
      return {
        index: remember(node),
        share,
        dialog,
        password: queryAll(node, "input[type=password]").length > 0,
        content: most || queryAll(node, CONTENT).length > 0 || isA(node, CONTENT),
        text: text.trim().slice(0, 600),
        selector: selector(node),
        box: box(node),
        controls: controlsIn(node),
      };
    });

const covering = (index) => {
  const node = known.elements[index];
  return !!node && isConnected(node) && [...shares().keys()].includes(node);
};

// Whether the page keeps a reader from scrolling, as pages do below a dialogue.
const locked = () =>
  [rootElement(), body()].some((node) => {
    const style = getComputedStyle(node);
    return /hidden|clip/.test(style.overflowY) || style.position === "fixed";
  }) && size.scrollHeight(rootElement()) > innerHeight + 1;
