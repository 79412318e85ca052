// Loads comments page by page while the reader scrolls, the rest of a long text and further replies when asked.
// Text from the network only ever becomes textContent.
"use strict";

const words = document.getElementById("words")?.dataset ?? {};

function load(url, onDocument, onFailure) {
  const request = new XMLHttpRequest();
  request.open("GET", url);
  request.responseType = "json";
  request.addEventListener("load", () => {
    if (request.status === 200 && request.response) onDocument(request.response);
    else onFailure();
  });
  request.addEventListener("error", onFailure);
  request.send();
}

function tell(text) {
  document.querySelector(".toast")?.remove();
  const toast = document.createElement("p");
  toast.className = "toast";
  toast.setAttribute("role", "status");
  toast.textContent = text;
  document.body.append(toast);
  setTimeout(() => toast.remove(), 4000);
}

function commentElement(comment) {
  const item = document.getElementById("comment-template").content.firstElementChild.cloneNode(true);
  const find = (selector) => item.querySelector(selector);
  item.id = `comment-${comment.id}`;
  item.dataset.comment = comment.id;
  find(".avatar").src = comment.author.avatar;
  find(".name").href = comment.author.url;
  find(".name bdi").textContent = comment.author.name;
  find(".said").textContent = comment.text;
  find("time").dateTime = comment.created_time;
  find("time").textContent = comment.shown_time;
  if (comment.reactions) {
    find(".hearts").hidden = false;
    find(".hearts").textContent = `👍 ${comment.reactions}`;
  }
  if (comment.picture) {
    const picture = document.createElement("img");
    picture.className = "attached";
    picture.loading = "lazy";
    picture.alt = comment.picture.alt;
    picture.src = comment.picture.url;
    find(".bubble").after(picture);
  }
  // A long comment is in the page as a whole and only folded for the eye.
  if (comment.text.length > 300) {
    find(".said").classList.add("folded");
    find(".unfold").hidden = false;
    find(".unfold").addEventListener("click", () => {
      find(".said").classList.remove("folded");
      find(".unfold").remove();
    });
  }
  addReplies(item, comment);
  return item;
}

function addReplies(item, comment) {
  const list = item.querySelector(".replies");
  list.append(...(comment.replies ?? []).map(commentElement));
  const more = item.querySelector(":scope > div > .more-replies");
  if (comment.reply_count <= comment.replies.length) return;
  more.hidden = false;
  more.addEventListener("click", () => {
    load(
      `/api/comments/${comment.id}/replies`,
      (found) => {
        list.replaceChildren(...found.data.map(commentElement));
        more.remove();
      },
      () => tell(words.failed),
    );
  });
}

function watchComments(section) {
  const end = section.querySelector(".comments-end");
  if (!end) return;
  let busy = false;
  const observer = new IntersectionObserver(
    (entries) => {
      if (busy || !entries.some((entry) => entry.isIntersecting)) return;
      busy = true;
      load(section.dataset.next, show, fail);
    },
    { rootMargin: "0px 0px 120px 0px" },
  );

  function show(found) {
    section.querySelector("ol").append(...found.data.map(commentElement));
    busy = false;
    observer.unobserve(end);
    if (found.paging.next) {
      section.dataset.next = found.paging.next;
      observer.observe(end);
    } else {
      section.dataset.complete = "yes";
      end.className = "fine";
      end.textContent = words.end;
    }
  }

  function fail() {
    observer.unobserve(end);
    const retry = document.createElement("button");
    retry.type = "button";
    retry.textContent = words.retry;
    retry.addEventListener("click", () => {
      retry.remove();
      busy = false;
      observer.observe(end);
    });
    tell(words.failed);
    end.after(retry);
  }

  observer.observe(end);
}

function seeMore(button) {
  button.disabled = true;
  load(
    button.dataset.text,
    (post) => {
      const text = button.closest(".text");
      text.querySelector(".body").textContent = post.text;
      text.querySelector(".dots").remove();
      button.remove();
    },
    () => {
      button.disabled = false;
      tell(words.failed);
    },
  );
}

function react(button) {
  const request = new XMLHttpRequest();
  request.open("POST", button.dataset.url);
  request.setRequestHeader("Content-Type", "application/json");
  request.addEventListener("load", () => tell(words.kept));
  request.addEventListener("error", () => tell(words.failed));
  request.send(JSON.stringify({ kind: "like" }));
}

document.querySelectorAll(".comments").forEach(watchComments);
document.querySelectorAll(".more").forEach((button) => button.addEventListener("click", () => seeMore(button)));
document.querySelectorAll(".react").forEach((button) => button.addEventListener("click", () => react(button)));
document.querySelectorAll(".share").forEach((button) => button.addEventListener("click", () => tell(words.kept)));
