// Loads ReplayWeb.page's service worker as its makers built it, and gives every answer that it makes one more rule:
// a recorded page asks nothing of other servers. Its own rules leave WebSockets open, which replay over the network needs.

"use strict";

const RULES =
  "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' data: blob:; " +
  "frame-src 'self' data: blob:; form-action 'self'; object-src 'none'";

function held(response) {
  if (response.type === "error" || response.type === "opaque") return response;
  const headers = new Headers(response.headers);
  headers.append("Content-Security-Policy", RULES);
  headers.set("X-DNS-Prefetch-Control", "off");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

const { respondWith } = FetchEvent.prototype;
FetchEvent.prototype.respondWith = function respondWithRules(answer) {
  respondWith.call(this, Promise.resolve(answer).then(held));
};

importScripts("replayweb.page/sw.js");
