// Runs before the first paint, so that a dark page never flashes white. Kept out of index.html for a strict CSP.
(() => {
  let choice = "system";
  try {
    choice = localStorage.getItem("hopwhistle.theme") ?? "system";
  } catch {
    // Storage may be blocked; the system's theme is then used.
  }
  const dark = choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.classList.toggle("dark", dark);
})();
