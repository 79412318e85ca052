// Sends what large networks send about their visitors: once by XMLHttpRequest with JSON, once as a beacon with a form.
"use strict";

const request = new XMLHttpRequest();
request.open("POST", "/api/seen");
request.setRequestHeader("Content-Type", "application/json");
request.addEventListener("load", () => {
  document.getElementById("sent").textContent = request.responseText;
});
request.send(JSON.stringify({ event: "seen", note: "Өөрийн нүүр ₮ 👀" }));

navigator.sendBeacon("/api/seen", new URLSearchParams({ event: "left", note: "Үзсэн" }));
