// What is the matter with the page that is open, as a list of sentences: the body of a function for
// browser_js. It looks at what was drawn, so it is asked again for each width and colour scheme.
const problems = [];
const wide = document.documentElement.clientWidth;

function name(e) {
	return `${e.tagName.toLowerCase()}${e.id ? '#' + e.id : ''}` +
		` "${e.textContent.trim().slice(0, 30)}"`;
}

function check(fine, sentence) {
	if (!fine)
		problems.push(sentence);
}

function seen(e) {
	const box = e.getBoundingClientRect();
	return box.width > 0 && box.height > 0 && box.right > 0 &&
		getComputedStyle(e).visibility !== 'hidden';
}

// Nothing but what is in a box that scrolls by itself goes over the edge.
check(document.documentElement.scrollWidth <= wide,
	`the page is ${document.documentElement.scrollWidth} wide in ${wide}`);
for (const e of document.body.querySelectorAll('*')) {
	const box = e.getBoundingClientRect();
	if (e.closest('.scroll table, details:not([open]) > :not(summary)') || !seen(e))
		continue;
	check(box.right <= wide + 0.5 && box.left >= -0.5,
		`${name(e)} goes from ${box.left} to ${box.right} in ${wide}`);
}

// Texts of a drawing do not lie on each other.
for (const svg of document.querySelectorAll('svg[role=img]')) {
	const texts = [...svg.querySelectorAll('text')].filter(seen);
	texts.forEach((a, i) => texts.slice(i + 1).forEach(b => {
		const [p, q] = [a.getBoundingClientRect(), b.getBoundingClientRect()];
		check(p.right <= q.left || q.right <= p.left || p.bottom <= q.top + 1 ||
			q.bottom <= p.top + 1, `${name(a)} lies on ${name(b)} in ${svg.id}`);
	}));
}

// Every drawing has a name, a description, something in it, and an axis with its unit.
for (const svg of document.querySelectorAll('svg[role=img]')) {
	const label = svg.getAttribute('aria-labelledby').split(' ')
		.map(id => document.getElementById(id).textContent.trim());
	check(label.length === 2 && label.every(Boolean), `${svg.id} has no name or description`);
	check(svg.getBoundingClientRect().width > 200, `${svg.id} is not drawn`);
	const marks = [...svg.querySelectorAll('rect.f, path.l, circle.f')];
	check(marks.some(e => e.getBoundingClientRect().height > 1), `${svg.id} is empty`);
	// A stack in each step that has something to tell, and no two in one place.
	const stacks = new Set([...svg.querySelectorAll('rect.f')]
		.map(e => Math.round(e.getBoundingClientRect().left * 10)));
	check(svg.querySelector('path.l') || svg.classList.contains('bars') ||
		stacks.size === svg.querySelectorAll('rect.at').length,
		`the bars of ${svg.id} are in ${stacks.size} places`);
	if (svg.classList.contains('plot')) {
		check(svg.querySelector('text.unit'), `${svg.id} has no unit`);
		check(svg.querySelectorAll('text.x').length > 1, `${svg.id} has no times`);
		check(svg.querySelectorAll('text.y').length > 1, `${svg.id} has no scale`);
		const legend = [...svg.closest('figure').querySelectorAll('.legend li')];
		check(legend.length && legend.every(e => /\S+ .*\d/.test(e.textContent)),
			`${svg.id} has no legend`);
	}
	check(svg.closest('figure').querySelector('table'), `${svg.id} has no table`);
}

// What heads numbers stands above them.
for (const e of document.querySelectorAll('thead .n'))
	check(getComputedStyle(e).textAlign === 'end', `${name(e)} is not above its numbers`);

// Letters stand out from what is behind them: 4.5 to 1, as WCAG 2 has it for small text.
function rgb(color) {
	const n = color.match(/[\d.]+/g).map(Number);
	return n.length > 3 && n[3] === 0 ? null : n;
}

function luminance(color) {
	const [r, g, b] = color.slice(0, 3).map(v => v / 255)
		.map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function behind(e) {
	for (; e; e = e.parentElement) {
		const color = rgb(getComputedStyle(e).backgroundColor);
		if (color)
			return color;
	}
	return [255, 255, 255];
}

for (const e of document.body.querySelectorAll('*')) {
	if (!seen(e) || ![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
		continue;
	const style = getComputedStyle(e);
	const [a, b] = [luminance(rgb(e.tagName === 'text' ? style.fill : style.color)),
		luminance(behind(e))];
	const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
	check(ratio >= 4.5, `${name(e)} has a contrast of ${ratio.toFixed(2)}`);
	check(parseFloat(style.fontSize) >= 12, `${name(e)} is ${style.fontSize} high`);
}

// What a screen reader and a keyboard need.
const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
check(new Set(ids).size === ids.length, 'an id is there twice');
check(document.documentElement.lang === 'en' && document.title, 'no language or title');
for (const th of document.querySelectorAll('th'))
	check(['row', 'col'].includes(th.scope) && th.textContent.trim(), `${name(th)} heads nothing`);
for (const tr of document.querySelectorAll('tbody tr'))
	check(tr.cells.length === tr.closest('table').tHead.rows[0].cells.length,
		`${name(tr)} has ${tr.cells.length} cells`);
for (const box of document.querySelectorAll('.scroll'))
	check(box.tabIndex === 0 && box.getAttribute('aria-label'), 'a box cannot be scrolled by key');
for (const section of document.querySelectorAll('section'))
	check(document.getElementById(section.getAttribute('aria-labelledby')).textContent.trim() &&
		section.innerText.trim().length > 40, `${name(section)} says nothing`);
for (const a of document.querySelectorAll('a'))
	check(document.querySelector(a.getAttribute('href')), `${name(a)} leads nowhere`);
check(!document.querySelector('script, img, iframe, object, embed, link, form, [onclick], [style]'),
	'there is an element that has no business here');
return problems;
