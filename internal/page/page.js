'use strict';
// What pages gain with script: they keep themselves up to date, filters work while one types, and a task's steps tick off in place.
// Everything works without.
(() => {
  const main = document.getElementById('main');
  const news = document.getElementById('news');
  const root = main.dataset.root;
  const here = main.dataset.here;
  const pause = {targets: 2000, target: 1000, tasks: 1000, task: 150}[here] ?? 2000; // least time between two refreshes

  // say tells screen readers something, and everybody where it is a warning. The same is not said twice.
  const say = (text, warning = false) => {
    if (news.textContent !== text) news.textContent = text;
    news.classList.toggle('warning', warning);
  };

  // morph makes one element like another one, and leaves alone what is the same: focus, selection and scrolling stay.
  const keyOf = (node) => node.nodeType === 1 ? node.dataset.key ?? node.id : '';
  const alike = (a, b) => a.nodeName === b.nodeName && (keyOf(a) || '') === (keyOf(b) || '');
  const morph = (old, fresh) => {
    if (old.nodeType !== 1) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return;
    }
    if (old.isEqualNode(fresh)) return;
    for (const {name} of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !(name === 'open' && old.nodeName === 'DETAILS')) old.removeAttribute(name);
    }
    for (const {name, value} of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    if (old.nodeName === 'INPUT' || old.nodeName === 'SELECT') return; // what was typed stays
    const keyed = new Map();
    for (const node of old.childNodes) if (keyOf(node)) keyed.set(keyOf(node), node);
    let at = old.firstChild;
    for (const next of [...fresh.childNodes]) {
      const known = keyOf(next) ? keyed.get(keyOf(next)) : at && !keyOf(at) && alike(at, next) ? at : null;
      if (known && alike(known, next)) {
        if (known === at) at = at.nextSibling; else old.insertBefore(known, at);
        morph(known, next);
      } else {
        old.insertBefore(next, at);
      }
    }
    while (at) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
  };

  const summary = () => document.getElementById('summary')?.innerText.replace(/\s+/g, ' ').trim();
  let said = summary();
  const announce = () => {
    const state = document.querySelector('[data-task] .head .state')?.textContent;
    const text = state ? `The task: ${document.getElementById('ask')?.textContent ?? state}` : summary();
    if (text && text !== said) say(text);
    said = text;
  };

  // ask fetches a page and shows it, unless one that was asked for later is shown already: an old state must not replace a new one.
  let asked = 0;
  let shown = 0;
  const ask = async (url, options, wanted = () => true) => {
    const number = ++asked;
    const response = await fetch(url, options);
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    if (number > shown && wanted(response)) {
      shown = number;
      put(page);
    }
    return {response, page};
  };
  const put = (page) => {
    for (const id of ['live', 'list']) {
      const old = document.getElementById(id);
      const fresh = page.getElementById(id);
      if (old && fresh) morph(old, document.adoptNode(fresh));
    }
    announce();
  };

  let last = 0;
  let timer = 0;
  let busy = false;
  let again = false; // something happened while a refresh was under way
  let loaded = new Date();
  const refresh = async (force = false) => {
    if (!document.getElementById('live')) return;
    if (!force && (document.hidden || !getSelection().isCollapsed)) return; // nobody sees it, or somebody copies from it
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      const {response} = await ask(location.href, {cache: 'no-store'}, (response) => response.ok);
      if (!response.ok) throw new Error(response.status);
      loaded = new Date();
      if (news.classList.contains('warning')) say('');
    } catch {
      say(`The exporter does not answer; this is how it was at ${loaded.toLocaleTimeString()}.`, true);
    }
    last = Date.now();
    busy = false;
    if (again) {
      again = false;
      soon();
    }
  };
  const soon = () => {
    if (timer) return;
    timer = setTimeout(async () => { timer = 0; await refresh(); }, Math.max(0, last + pause - Date.now()));
  };

  if ('events' in main.dataset) {
    const mine = (e) => {
      const data = JSON.parse(e.data);
      if (here === 'targets' || here === 'tasks') return true;
      if (here === 'target') return data.target === document.querySelector('h1').textContent;
      const id = document.getElementById('live').dataset.task;
      return data.id === id || data.task === id;
    };
    const source = new EventSource(`${root}api/v1/events`);
    const kinds = {targets: ['read', 'task'], target: ['read'], tasks: ['task', 'step'], task: ['task', 'step', 'progress']}[here] ?? [];
    for (const kind of [...kinds, 'reset']) {
      source.addEventListener(kind, (e) => { if (kind === 'reset' || mine(e)) soon(); });
    }
    source.addEventListener('open', soon); // what happened since the page was made
    setInterval(soon, 5000); // ages grow
    document.addEventListener('visibilitychange', soon);
    addEventListener('pagehide', () => source.close());
  }

  // Filters work while one types.
  let typing = 0;
  document.addEventListener('input', (e) => {
    const form = e.target.closest('form.filters');
    if (!form) return;
    clearTimeout(typing);
    typing = setTimeout(() => {
      const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
      const sort = new URLSearchParams(location.search).get('sort');
      if (sort) query.set('sort', sort);
      history.replaceState(null, '', `?${query}`);
      refresh(true);
    }, 250);
  });

  // What is asked for on a page that is live is done without leaving it.
  document.addEventListener('submit', async (e) => {
    const form = e.target;
    if (here !== 'task' || form.method !== 'post' || !form.closest('#live')) return;
    e.preventDefault();
    const steps = document.querySelector('.steps');
    const {response, page} = await ask(form.action, {method: 'post', body: new URLSearchParams(new FormData(form))});
    if (!response.ok) say(page.querySelector('.trouble')?.textContent ?? `Status ${response.status}`, true);
    steps.focus(); // the button that was pressed is gone
  });

  // User name and password are asked for only where no auth is chosen.
  const auth = document.querySelector('form.sheet select[name=auth]');
  if (auth) {
    const show = () => { document.querySelector('.credentials').hidden = auth.value !== ''; };
    auth.addEventListener('change', show);
    show();
  }
})();
