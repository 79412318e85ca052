// Boxes that scroll by themselves, rows of slides, films and sounds.
const rolling = { boxes: [], rows: [], media: [] };

// Boxes that take a quarter of the view or more and hold more than they show.
const scrollers = () => {
  const scan = newScan();
  rolling.boxes = [];
  for (const node of elements(scan)) {
    if (node === rootElement() || node === body()) continue;
    const hidden = size.scrollHeight(node) - size.clientHeight(node);
    if (!(hidden > 50) || size.clientHeight(node) < 150 || !visible(node)) continue;
    if (size.clientHeight(node) * size.clientWidth(node) * 4 < innerHeight * innerWidth) continue;
    if (/auto|scroll/.test(getComputedStyle(node).overflowY)) rolling.boxes.push(node);
  }
  return rolling.boxes.map((node, index) => ({ index, selector: selector(node), box: box(node) }));
};

const place = (index) => {
  const node = rolling.boxes[index];
  if (!node || !isConnected(node)) return null;
  return [size.scrollHeight(node), size.scrollTop(node), size.clientHeight(node)];
};

const scrollBox = (index, top) => caller(Element, "scrollTo")(rolling.boxes[index], { top, behavior: "instant" });

// Rows that are scrolled sideways by whole slides, and such that are turned with a control.
const rows = () => {
  const scan = newScan();
  rolling.rows = [];
  for (const node of elements(scan)) {
    if (rolling.rows.length === 20) break;
    const described = /carousel/i.test(attribute(node, "aria-roledescription"));
    const wide = size.scrollWidth(node) - size.clientWidth(node) > 50 && childCount(node) > 1;
    if ((!described && !wide) || rolling.rows.some((row) => within(row, node)) || !visible(node)) continue;
    const style = getComputedStyle(node);
    const snaps = /auto|scroll/.test(style.overflowX) && style.scrollSnapType !== "none";
    const hides = wide && /hidden|clip/.test(style.overflowX) && queryAll(node, "img, picture, video").length > 1;
    if (described || snaps || hides) rolling.rows.push(node);
  }
  return rolling.rows.map((node, index) => {
    const style = getComputedStyle(node);
    const slides = /auto|scroll/.test(style.overflowX) && size.scrollWidth(node) > size.clientWidth(node) + 50;
    const around = childCount(node) && !/carousel/i.test(attribute(node, "aria-roledescription")) ? parentElement(node) : node;
    return { index, slides, selector: selector(node), box: box(node), controls: slides ? [] : controlsIn(around ?? node) };
  });
};

const turn = (index) => {
  const node = rolling.rows[index];
  if (!node || !isConnected(node)) return;
  const step = getComputedStyle(node).direction === "rtl" ? -size.clientWidth(node) : size.clientWidth(node);
  caller(Element, "scrollBy")(node, { left: step, behavior: "instant" });
};

const turnBack = (index) => {
  const node = rolling.rows[index];
  if (node && isConnected(node)) caller(Element, "scrollTo")(node, { left: 0, behavior: "instant" });
};

// What a row shows at this moment, for telling when it begins again.
const shown = (index) => {
  const node = rolling.rows[index];
  if (!node || !isConnected(node)) return "";
  const frame = rectangle(node);
  const parts = [];
  for (const inner of queryAll(node, "*")) {
    const { left, width, height } = rectangle(inner);
    const inside = width > 0 && height > 0 && left >= frame.left - 2 && left < frame.right - 2;
    if (!inside || childCount(inner) || parts.length === 50 || !checkVisibility(inner, { opacityProperty: true })) continue;
    parts.push(inner.currentSrc || inner.src || textContent(inner).trim().slice(0, 40));
  }
  return parts.join("|").slice(0, 4000);
};

const media = (most) => {
  const scan = newScan();
  rolling.media = [];
  let left = 0;
  for (const node of elements(scan)) {
    if (!(node instanceof HTMLMediaElement)) continue;
    if (rolling.media.length < most) rolling.media.push(node);
    else left += 1;
  }
  const found = rolling.media.map((node, index) => ({
    index,
    kind: localName(node),
    playing: !node.paused,
    source: (node.currentSrc || node.src).slice(0, 500),
    selector: selector(node),
    box: box(node),
  }));
  return { found, left };
};

const play = async (index, milliseconds) => {
  const node = rolling.media[index];
  if (!node || !isConnected(node)) return { result: "gone" };
  const { muted, currentTime: begun } = node;
  caller(Element, "scrollIntoView")(node, { block: "center", behavior: "instant" });
  node.muted = true;
  let refused = "";
  node.play().catch((error) => {
    refused = error.name;
  });
  const end = performance.now() + milliseconds;
  while (performance.now() < end && !refused && !node.ended && !node.error) await pause(50);
  const seen = node.currentTime - begun;
  node.pause();
  node.muted = muted;
  const result = refused || (node.error ? `error ${node.error.code}` : node.ended ? "ended" : seen > 0 ? "played" : "nothing came");
  return { result, seen, duration: node.duration };
};

const height = () => size.scrollHeight(rootElement());
const count = () => caller(Document, "getElementsByTagName")(document, "*").length;
const scrollPage = (top) => scrollTo({ top, behavior: "instant" });
const frames = () => [...caller(Document, "querySelectorAll")(document, "iframe, frame")].filter(visible).length;
