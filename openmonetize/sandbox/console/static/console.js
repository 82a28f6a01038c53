'use strict';

// Fetches the fragments of the page once a second while the page is visible, and inserts those that have changed.

const INTERVAL = 1000;       // milliseconds between two requests
const MAX_INTERVAL = 10000;  // after failures
const TIMEOUT = 5000;        // milliseconds for one response

const page = document.body;
const status = document.getElementById('status');
const pause = document.getElementById('pause');
const clock = document.getElementById('clock');

let version = page.dataset.version;
let clockOffset = Date.parse(page.dataset.now) - Date.now();
let wait = INTERVAL;
let paused = false;
let timer = 0;
let fetching = false;

async function send(path, options = {}) {
  const abort = new AbortController();
  const timeout = setTimeout(() => abort.abort(), TIMEOUT);
  try {
    const response = await fetch('/_sandbox/' + path, { ...options, signal: abort.signal, cache: 'no-store' });
    if (!response.ok) {
      const error = await response.json().catch(() => ({}));
      throw new Error(error.message || 'the sandbox answered ' + response.status);
    }
    return response;
  } finally {
    clearTimeout(timeout);
  }
}

// --- following ---------------------------------------------------------------------------------------------------

const rowHtml = new WeakMap();       // row -> its HTML as the server sent it, before details in it were opened
const fragmentHtml = new WeakMap();  // fragment without keyed rows -> the same

function rowsOf(list) {
  return new Map(Array.from(list.children, row => [row.dataset.key, row]));
}

function replaceRows(list, fresh) {
  const old = rowsOf(list);
  let next = list.firstElementChild;
  for (const row of Array.from(fresh.children)) {
    const key = row.dataset.key;
    const html = row.outerHTML;
    const kept = old.get(key);
    old.delete(key);
    if (kept && rowHtml.get(kept) === html) {
      if (kept === next) next = next.nextElementSibling;
      else list.insertBefore(kept, next);
      continue;
    }
    rowHtml.set(row, html);
    if (kept) {
      if (kept === next) next = next.nextElementSibling;
      kept.replaceWith(row);
    } else if (key !== 'none') {
      row.classList.add('new');
    }
    list.insertBefore(row, next);
  }
  for (const row of old.values()) {
    if (!row.querySelector('details[open]')) row.remove();  // an open one is being read; it is removed once it is closed
  }
}

function insert(name, html) {
  const target = page.querySelector('[data-fragment="' + name + '"]');
  const template = document.createElement('template');
  template.innerHTML = html;  // escaped by the server; the page's policy runs no script in it
  if ('keyed' in target.dataset) {
    replaceRows(target, template.content);
  } else if (fragmentHtml.get(target) !== html) {
    const open = target.querySelector('details[open]') !== null;
    target.replaceChildren(template.content);
    const details = target.querySelector('details');
    if (open && details) details.open = true;
    fragmentHtml.set(target, html);
  }
}

// Runs a change of the page, and scrolls so that the row that is being read stays where it is: the first open one that
// can be seen.
function inPlace(change) {
  const read = Array.from(page.querySelectorAll('[data-keyed] details[open]')).find(each => {
    const box = each.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight;
  });
  const top = read && read.getBoundingClientRect().top;
  change();
  if (read && read.isConnected) scrollBy(0, read.getBoundingClientRect().top - top);
}

async function follow() {
  if (fetching) return;
  fetching = true;
  clearTimeout(timer);
  try {
    const query = new URLSearchParams(location.search);
    query.set('seen', version);
    const found = await (await send('console/live?' + query)).json();
    clockOffset = Date.parse(found.now) - Date.now();
    inPlace(() => { for (const [name, html] of Object.entries(found.fragments || {})) insert(name, html); });
    version = found.version;
    wait = INTERVAL;
    showStatus('live', 'on');
  } catch (error) {
    wait = Math.min(wait * 2, MAX_INTERVAL);
    showStatus('no answer; trying again', 'off');
  } finally {
    fetching = false;
    scheduleNext();
  }
}

function scheduleNext() {
  clearTimeout(timer);
  if (!paused && !document.hidden) timer = setTimeout(follow, wait);
}

function showStatus(text, state) {
  if (status.textContent !== text) status.textContent = text;
  status.className = state;
}

pause.addEventListener('click', () => {
  paused = !paused;
  pause.setAttribute('aria-pressed', String(paused));
  pause.textContent = paused ? 'Go on' : 'Pause';
  if (paused) showStatus('paused', 'off');
  else follow();
  scheduleNext();
});

document.addEventListener('visibilitychange', () => document.hidden ? scheduleNext() : paused || follow());

setInterval(() => {
  clock.textContent = new Date(Date.now() + clockOffset).toISOString().slice(0, 19).replace('T', ' ') + ' UTC';
}, 1000);

// --- controls ----------------------------------------------------------------------------------------------------

async function post(path, body) {
  try {
    await send(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    await follow();
    return true;
  } catch (error) {
    showStatus(error.message, 'off');
    return false;
  }
}

page.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.dataset.post) post(button.dataset.post, JSON.parse(button.dataset.body));
  else if (button.id === 'real-time') post('clock', { now: new Date().toISOString() });
  else if (button.id === 'reset') reset();
  else if (button.classList.contains('copy')) copy(button);
  else if (button.classList.contains('rest')) button.closest('section').classList.add('whole');
});

async function reset() {
  if (confirm('Forget all events, wallets and accounts of this sandbox?') && await post('reset', {})) location.reload();
}

document.getElementById('fault').addEventListener('submit', async event => {
  event.preventDefault();
  const field = event.target.elements.spec;
  const now = event.submitter && event.submitter.value === 'standing';
  if (await post('faults', now ? { standing: [field.value] } : { next: field.value })) field.value = '';
});

async function copy(button) {
  const code = button.parentElement.querySelector('pre');
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = 'Copied';
  } catch (error) {  // no permission, or not a secure context: select the text to be copied by hand
    getSelection().selectAllChildren(code);
    button.textContent = 'Selected';
  }
  setTimeout(() => { button.textContent = 'Copy'; }, 1500);
}

// The details of a request are fetched when it is opened.
page.addEventListener('toggle', async event => {
  const details = event.target;
  const number = details.dataset && details.dataset.request;
  if (!number || !details.open || details.dataset.loaded) return;
  details.dataset.loaded = 'yes';
  const place = details.querySelector('.detail');
  try {
    const template = document.createElement('template');
    template.innerHTML = await (await send('console/request?number=' + number)).text();
    place.replaceChildren(template.content);
  } catch (error) {
    place.textContent = error.message;
    delete details.dataset.loaded;
  }
}, true);

// A page that comes back from the browser's history has its fields as they were left; they show what the page shows.
addEventListener('pageshow', () => document.getElementById('filter').reset());

for (const list of page.querySelectorAll('[data-keyed]')) {
  for (const row of list.children) rowHtml.set(row, row.outerHTML);
}
showStatus('live', 'on');
scheduleNext();
