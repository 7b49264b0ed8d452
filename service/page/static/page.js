// Keeps an open page up to date: it takes a newer version in without a reload, and turns late by the clock alone.
"use strict";

const REFRESH_SECONDS = 30;
const LATE = { name: "Late", css: "late" };
const STALE = { name: "Stale", css: "stale" };

function ageAt(now) {
  const { lateAt, staleAt } = document.body.dataset;
  if (now >= Date.parse(staleAt)) return STALE;
  return now >= Date.parse(lateAt) ? LATE : null;
}

// Without an answer the page cannot know of a newer publication: what it shows is as old as the clock says.
function markUnreachable() {
  const status = document.getElementById("status");
  const age = ageAt(Date.now());
  if (age !== null) {
    status.className = `status ${age.css}`;
    status.querySelector("strong").textContent = age.name;
  }
  if (!status.dataset.unreachable) {
    status.dataset.unreachable = "true";
    const since = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    status.querySelector("span").append(`; the service does not answer since ${since}`);
  }
}

function openDetails() {
  return Array.from(document.querySelectorAll("main details"), (part) => part.open);
}

// The reader keeps the place: open parts stay open, and the focus and the scroll position where they were.
function replaceBy(fresh) {
  const opened = openDetails();
  const focused = document.activeElement?.getAttribute("href") ?? document.activeElement?.getAttribute("name");
  const { scrollX, scrollY } = window;
  for (const part of ["header.mast", "main", "footer"]) {
    document.querySelector(part).replaceWith(document.adoptNode(fresh.querySelector(part)));
  }
  Object.assign(document.body.dataset, fresh.body.dataset);
  document.title = fresh.title;
  document.querySelectorAll("main details").forEach((part, nth) => {
    part.open = opened[nth] ?? part.open;
  });
  if (focused) document.querySelector(`[href="${CSS.escape(focused)}"], [name="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  window.scrollTo(scrollX, scrollY);
  document.dispatchEvent(new Event("headroom:refreshed"));
}

// A form that is being filled in is not taken away.
function isBusy() {
  const active = document.activeElement;
  return active !== null && ["INPUT", "SELECT"].includes(active.tagName);
}

let isRefreshing = false;

async function refresh() {
  if (isRefreshing || isBusy()) return;
  isRefreshing = true;
  try {
    const answer = await fetch(window.location.href, { headers: { Accept: "text/html" }, cache: "no-cache" });
    if (!answer.ok) throw new Error(`the service answered ${answer.status}`);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const isNewer = fresh.body.dataset.version !== document.body.dataset.version;
    if (isNewer || document.getElementById("status").dataset.unreachable) replaceBy(fresh);
  } catch {
    markUnreachable();
  } finally {
    isRefreshing = false;
  }
}

setInterval(refresh, REFRESH_SECONDS * 1000);
window.addEventListener("focus", refresh);
window.addEventListener("online", refresh);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") refresh();
});
window.addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll(".series details")) part.open = true;
});
