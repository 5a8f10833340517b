// Wend in a web page: <script defer src="https://…/v1/wend.js" data-key="wk_…"></script>
// wend.identify(id, traits) · wend.track(event, properties) · wend.page(name, properties) · wend.reset()
(function (window, navigator, tag) {
  var key = tag.dataset.key, base = tag.src.replace(/\/wend\.js.*/, '');
  var isQuiet = tag.dataset.privacy == 'respect' && (navigator.globalPrivacyControl || navigator.doNotTrack == '1');
  var memory = {}, wend = {}, pause = 1000, timer, early = window.wend;

  // Where a browser keeps nothing, this page remembers.
  function get(name) {
    try { return localStorage.getItem('wend.' + name); } catch (e) { return memory[name]; }
  }
  function set(name, value) {
    memory[name] = value;
    try { localStorage.setItem('wend.' + name, value); } catch (e) {}
  }
  function draw() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), n => (n + 256).toString(16).slice(1)).join('');
  }
  function visitor() {
    if (!get('anonymous')) set('anonymous', draw());
    return get('anonymous');
  }

  // What is not answered stays in the queue, also for the next page: `messageId` makes a repetition harmless.
  function queue() {
    try { return JSON.parse(get('queue')) || []; } catch (e) { return []; }
  }
  function keep(events) { set('queue', JSON.stringify(events.slice(-100))); }
  function body(events) {
    return JSON.stringify({ writeKey: key, sentAt: new Date(), batch: events });
  }
  function later(ms) { timer = timer || setTimeout(send, ms); }
  function send() {
    var events = queue().slice(0, 20);
    timer = 0;
    if (events[0]) fetch(base + '/batch', { method: 'POST', body: body(events), keepalive: true, credentials: 'omit' }).then(answer => {
      if (answer.status > 499 || answer.status == 429) throw answer;
      keep(queue().filter(one => !events.some(sent => sent.messageId == one.messageId)));
      later(pause = 1000);
    }).catch(() => later(pause = Math.min(pause * 2, 60000)));
  }
  function say(type, rest) {
    if (isQuiet) return;
    keep(queue().concat(Object.assign({
      type: type, messageId: draw(), timestamp: new Date(), anonymousId: visitor(), userId: get('user') || null,
      context: { locale: navigator.language, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone }
    }, rest)));
    later(0);
  }

  wend.identify = function (id, traits) {
    if (id && typeof id == 'object') traits = id;
    else if (id && !isQuiet) set('user', id);
    say('identify', { traits: traits });
  };
  wend.track = function (event, properties) { say('track', { event: event, properties: properties }); };
  wend.page = function (name, properties) {
    var here = { url: location.href, path: location.pathname, title: document.title, referrer: document.referrer };
    say('page', { properties: Object.assign(here, name && { name: name }, properties) });
  };
  wend.reset = function () { set('user', ''); set('anonymous', ''); };

  window.addEventListener('pagehide', function () {
    var events = queue().slice(0, 20);
    if (events[0]) navigator.sendBeacon(base + '/batch', body(events));
  });
  // A form of ours tells which visitor sends it.
  document.addEventListener('submit', function (event) {
    if (isQuiet || String(event.target.action).indexOf(base + '/forms/')) return;
    var input = document.createElement('input');
    input.type = 'hidden';
    input.name = 'anonymous_id';
    input.value = visitor();
    event.target.append(input);
  });
  window.wend = wend;
  (early || []).forEach(call => wend[call[0]](...call.slice(1)));
  if (tag.dataset.page != 'manual') wend.page();
})(window, navigator, document.currentScript);
