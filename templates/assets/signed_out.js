// Goes on as soon as every application's frame has loaded. Without it, the page goes on by itself once the last one has,
// or when the person follows the link: a browser counts the seconds of a refresh from the end of loading.

let loaded = 0;

function goOn() {
  const link = document.getElementById("continue");
  if (link) location.replace(link.href);
}

// In the capturing phase: the load of a frame doesn't bubble.
document.addEventListener("load", (event) => {
  if (event.target.tagName !== "IFRAME") return;
  loaded += 1;
  // A moment for what an application's own script does once it is loaded.
  if (loaded === document.querySelectorAll("iframe").length) setTimeout(goOn, 500);
}, true);

document.addEventListener("DOMContentLoaded", () => {
  const link = document.getElementById("continue");
  if (link) setTimeout(goOn, Number(link.dataset.seconds) * 1000);
});
