/* Before the first paint: the reader's own choice of paper, if they have made one. */
try {
  const choice = localStorage.getItem("paper");
  if (choice === "light" || choice === "dark") document.documentElement.dataset.theme = choice;
} catch { /* storage is switched off: the page follows the system */ }
