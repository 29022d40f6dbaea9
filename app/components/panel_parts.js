window.moescope.widgets = {}; // name of a script: what it does with one widget's element and value

// What the widgets with a title, a badge and a file to take away have in common. Every string goes in as plain text.
Object.assign(window.moescope, (() => {
  function piece(tag, text, name) {
    const node = document.createElement(tag);
    node.textContent = text;
    if (name) node.className = name;
    return node;
  }

  function writeBadge(element, text) {
    const badge = element.querySelector('.badge');
    badge.textContent = text || '';
    badge.hidden = !text;
  }

  function writeHead(element, value) {
    element.querySelector('h2').textContent = value.title || '';
    element.querySelector('.caption').textContent = value.caption || '';
    writeBadge(element, value.badge);
  }

  // One event for all panels, see the FileDesk.
  function askForFile(element) {
    document.dispatchEvent(new CustomEvent('moescope-file', { detail: { panel: element.closest('.block').id } }));
  }

  function offerCsv(element, hint, isThere) {
    const csv = element.querySelector('.csv');
    csv.onclick = () => askForFile(element);
    csv.hidden = !isThere;
    csv.title = hint || '';
    csv.setAttribute('aria-label', hint || 'CSV');
  }

  // A spreadsheet reads the Chinese of a CSV file only behind a byte-order mark.
  function download(file) {
    if (!file) return;
    const csv = file.name.endsWith('.csv');
    const link = document.createElement('a');
    const kind = { type: csv ? 'text/csv;charset=utf-8' : 'application/json' };
    link.href = URL.createObjectURL(new Blob(csv ? ['\ufeff', file.text] : [file.text], kind));
    link.download = file.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  return { piece, writeBadge, writeHead, askForFile, offerCsv, download };
})());
