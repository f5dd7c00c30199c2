'use strict';
// What the page gains with script: a filter, and a table that keeps itself up to date. All else works without.
(() => {
  const seconds = 5;
  const live = document.getElementById('live');
  const stale = document.getElementById('stale');

  const box = document.createElement('label');
  box.className = 'filter';
  box.append('Filter ');
  const filter = document.createElement('input');
  filter.type = 'search';
  filter.id = 'filter';
  filter.placeholder = 'name, address, state, error';
  box.append(filter);

  const words = new Map(); // of a row, so that typing stays quick with thousands
  const text = (row) => {
    if (!words.has(row)) words.set(row, row.textContent.toLowerCase());
    return words.get(row);
  };
  const apply = () => {
    const wanted = filter.value.toLowerCase().split(/\s+/);
    for (const row of live.querySelectorAll('tbody')) {
      row.hidden = !wanted.every((word) => text(row).includes(word));
    }
  };
  const offer = () => {
    if (live.querySelector('table')) live.querySelector('.bar').append(box);
    apply();
  };
  filter.addEventListener('input', apply);
  offer();

  let loaded = new Date();
  const refresh = async () => {
    const began = performance.now();
    if (!document.hidden && getSelection().isCollapsed) { // nobody sees it, or somebody is copying from it
      try {
        const response = await fetch(location.pathname, {cache: 'no-store'});
        if (!response.ok) throw new Error(response.status);
        const fresh = new DOMParser().parseFromString(await response.text(), 'text/html').getElementById('live');
        const focused = live.contains(document.activeElement) && document.activeElement !== filter
          ? document.activeElement.getAttribute('href') : null;
        const typing = document.activeElement === filter;
        words.clear();
        live.replaceChildren(...fresh.childNodes);
        offer();
        if (typing) filter.focus();
        if (focused) live.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
        loaded = new Date();
        stale.hidden = true;
      } catch {
        stale.textContent = `The exporter does not answer; this is how it was at ${loaded.toLocaleTimeString()}.`;
        stale.hidden = false;
      }
    }
    const took = (performance.now() - began) / 1000;
    setTimeout(refresh, 1000 * Math.max(seconds, 20 * took)); // a long table costs more, so it comes less often
  };
  setTimeout(refresh, 1000 * seconds);
})();
