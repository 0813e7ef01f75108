# shellcheck shell=bash
# The page of bkstatus report in a real browser: no error in its console, nothing asked for outside,
# every plot drawn and named, no text cut or hidden, on a phone and on a screen, in light and in dark.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"
# shellcheck source=tests/cli/reports.sh
. "$BK_SRC/tests/cli/reports.sh"
# shellcheck source=tests/cli/browser.sh
. "$BK_SRC/tests/cli/browser.sh"

configure
empty_table
page=$BK_TEST_DIR/report.html
checks=$(cat "$BK_SRC/tests/cli/page.js")

# shows_at WIDTH SCHEME: the page like that, and nothing the matter with it
shows_at() {
	browser_screen "$1" "$2"
	is "$(browser_js "$checks" | jq -r '.[:8][]')" "" "$*"
}

# shows: in every width and colour
shows() {
	local width scheme
	for width in 320 360 1280; do
		for scheme in light dark; do
			shows_at "$width" "$scheme"
		done
	done
}

# opens FILE: without a word in the console, and without asking for anything else
opens() {
	browser_console >/dev/null
	browser_requests >/dev/null
	browser_open "file://$1"
	is "$(browser_console)" "" "console"
	is "$(browser_requests)" "file://$1" "requests"
}

browser_start || exit 1

t "an empty history makes a page that says so"
run bkstatus report --out="$page"
is_rc 0
opens "$page"
shows
is "$(browser_js "return [...document.querySelectorAll('section')].filter(s =>
	/No booking (is overdue|was changed)|Nothing (ran|failed) in this time/.test(s.innerText))
	.length")" 5

past
due 5
run bkstatus report --out="$page" --since=3d

t "nothing is asked for outside, and the console stays empty"
is_rc 0
opens "$page"

t "every plot is drawn, named and readable, on a phone and on a screen, in light and in dark"
shows
is "$(browser_js "return [...document.querySelectorAll('svg[role=img]')].map(s => s.id).join()")" \
	'"plot-overdue,plot-runs,plot-times-0,plot-times-3,plot-times-4,plot-changes,plot-failures"'
is "$(browser_js "return [...document.querySelectorAll('h2')].map(e => e.innerText).join()")" \
	'"Jobs,Overdue work,Runs,Execution times,Bookings changed,Failures"'

t "longer and shorter times are named as readably"
for since in 1h 12d 60d 400d; do
	bkstatus report --out="$BK_TEST_DIR/other.html" --since=$since
	opens "$BK_TEST_DIR/other.html"
	shows_at 360 light
	shows_at 1280 dark
done
opens "$page"

t "dark is dark, and light is light"
browser_screen 1280 light
is "$(browser_js "return getComputedStyle(document.body).backgroundColor")" '"rgb(246, 247, 248)"'
browser_screen 1280 dark
is "$(browser_js "return getComputedStyle(document.body).backgroundColor")" '"rgb(17, 20, 23)"'

t "a job has one colour in every plot"
is "$(browser_js "return ['runs', 'changes', 'failures'].map(id => {
	const li = [...document.querySelectorAll('#plot-' + id)][0].closest('figure')
		.querySelector('.legend li');
	return getComputedStyle(li.querySelector('rect')).fill + li.textContent.trim().split(' ')[0];
	}).join()")" '"rgb(91, 157, 240)activate-due,rgb(91, 157, 240)activate,rgb(91, 157, 240)activate-due"'

t "a table opens by key"
summary=$(browser_call /element '{"using":"css selector","value":"#plot-runs ~ details summary"}' |
	jq -r '.[]')
is "$(browser_js "return document.querySelector('#plot-runs ~ details').open")" false
browser_call "/element/$summary/value" '{"text":"\uE007"}' >/dev/null
is "$(browser_js "const d = document.querySelector('#plot-runs ~ details');
	return d.open && d.innerText.includes('activate-due') &&
		d.querySelectorAll('tbody tr').length > 60")" true
browser_js "document.querySelectorAll('details').forEach(d => { d.open = true; })" >/dev/null
shows_at 320 dark
shows_at 1280 light

t "on paper it is light, and its tables are whole"
browser_cdp Emulation.setEmulatedMedia \
	'{"media":"print","features":[{"name":"prefers-color-scheme","value":"dark"}]}' >/dev/null
is "$(browser_js "return [getComputedStyle(document.body).backgroundColor,
	[...document.querySelectorAll('.scroll')].every(e =>
		e.scrollHeight <= e.clientHeight + 1)].join()")" \
	'"rgb(255, 255, 255),true"'

t "the last failures fit on a screen, whatever their errors say"
sql "update bk.maintenance_executions set error_code = 'DATABASE_UNAVAILABLE', server_instance =
	'booking-app-07.example.net', error_message = repeat('canceling statement due to user request ', 9)
	where status = 'ERROR';
	update bk.maintenance_executions set operation = 'cancel-no-shows', status = 'ABANDONED'
	where status = 'PARTIAL'"
run bkstatus report --out="$page"
opens "$page"
browser_screen 1280 light
is "$(browser_js "const table = [...document.querySelectorAll('h3')]
	.find(e => e.innerText === 'The last of them').closest('.card').querySelector('table');
	return table.offsetWidth - table.closest('.scroll').clientWidth")" 0

t "hostile texts stay texts"
sql "update bk.maintenance_executions set error_message = E'</div><script>document.title = 1</script>'
	|| E'<img src=http://127.0.0.1:9/x onerror=document.title=2>\u202e\u001b[2J\n\"''&lt;'
	|| repeat('x', 1000000)
	where status = 'ERROR';
	update bk.booking_transitions set rule = E'<b>a\u2066</b>', to_state = '\" onload=x <svg>'
	where to_state = 'ACTIVE'"
run bkstatus report --out="$page"
is_rc 0
title=$(sed -n 's/.*<title>\(.*\)<\/title>/\1/p' "$page" | head -n 1)
opens "$page"
shows
is "$(browser_js "return document.title")" "\"$title\""
is "$(browser_js "return [...document.querySelectorAll('.text')].some(e =>
	e.innerText.startsWith('</div><script>document.title = 1</script><img src=') &&
	e.innerText.includes('\\\\u{202e}\\\\x1b[2J\\\\n\"\\'&lt;xxx') && e.innerText.endsWith('x…'))")" true

t "the browser would have told: a page with a script, a style and a picture of its own is not silent"
sed 's|</main>|<script>1</script><p style="color:red"><img src="http://127.0.0.1:9/x.png"></main>|' \
	"$page" >"$BK_TEST_DIR/bad.html"
browser_open "file://$BK_TEST_DIR/bad.html"
is "$(browser_console | grep -c 'Content Security Policy')" 3
is "$(browser_js "$checks" | jq -r '.[0]')" "there is an element that has no business here"

done_testing
