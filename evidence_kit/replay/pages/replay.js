// Starts ReplayWeb.page's service worker at this origin, hands it the archive, and shows one page of it in a frame.
// The recorded page runs at this origin too and may do whatever it likes here: nothing else is served under this name.

"use strict";

const ARCHIVE = "capture";

async function started() {
  await navigator.serviceWorker.register("sw.js", { scope: "./" });
  return (await navigator.serviceWorker.ready).active;
}

/** Hand the archive over; resolves when it is open. */
function opened(worker) {
  return new Promise((resolve, reject) => {
    navigator.serviceWorker.addEventListener("message", ({ data }) => {
      if (data.msg_type === "collAdded") resolve();
      else if (data.msg_type === "collProgress" && data.error) reject(new Error(data.error));
    });
    navigator.serviceWorker.startMessages();
    const url = new URL("capture.wacz", document.baseURI).href;
    worker.postMessage({ msg_type: "addColl", name: ARCHIVE, file: { sourceUrl: url, loadUrl: url } });
  });
}

function show({ url, ts }) {
  const frame = document.createElement("iframe");
  const moment = String(ts ?? "").replace(/\D/g, "").slice(0, 14);
  frame.src = `w/${ARCHIVE}/${moment}mp_/${url}`;
  document.getElementById("opening").replaceWith(frame);
}

try {
  const pages = await (await fetch("pages.json")).json();
  await opened(await started());
  show(pages[Number(location.search.slice(1))] ?? pages[0]);
} catch (error) {
  console.error(error);
  document.getElementById("opening").hidden = true;
  document.getElementById("failed").hidden = false;
}
