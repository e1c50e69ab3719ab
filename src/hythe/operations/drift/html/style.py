"""How the page looks, in light and in dark, on a screen and on paper."""

STYLE = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #1b2230; --soft: #5b6575;
  --line: #e1e5eb; --before: #aab3c0; --now: #1f6feb; --bad: #b42318; --bad-back: #fef0ee; --good: #1a7f4b;
  --good-back: #ecf8f1; --none: #6b5900; --none-back: #fdf7e2; }
@media (prefers-color-scheme: dark) {
  :root { --page: #10141b; --card: #181e27; --ink: #e6eaf0; --soft: #9aa5b5; --line: #2b3442;
    --before: #566173; --now: #58a6ff; --bad: #ff8a7a; --bad-back: #331a19; --good: #56d391;
    --good-back: #12291e; --none: #e3c04d; --none-back: #2b2612; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 24px; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 40px 0 12px; }
h3 { font-size: 16px; margin: 0; overflow-wrap: anywhere; }
p { margin: 6px 0; max-width: 78ch; }
a { color: var(--now); }
.soft { color: var(--soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px;
  margin: 14px 0; }
.verdict { border-left: 6px solid; display: flex; gap: 16px; align-items: center; margin-top: 20px; }
.verdict strong { font-size: 20px; display: block; }
.verdict .mark { font-size: 26px; line-height: 1; }
.alarm { border-color: var(--bad); background: var(--bad-back); }
.alarm strong, .alarm .mark, .pill.alarm { color: var(--bad); }
.ok { border-color: var(--good); background: var(--good-back); }
.ok strong, .ok .mark, .pill.ok { color: var(--good); }
.too_little { border-color: var(--none); background: var(--none-back); }
.too_little strong, .too_little .mark, .pill.too_little { color: var(--none); }
.pill { font-size: 12px; font-weight: 600; padding: 1px 8px; border-radius: 99px; white-space: nowrap; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; padding: 7px 10px; border-bottom: 1px solid var(--line); vertical-align: middle; }
thead th { color: var(--soft); font-weight: 600; font-size: 12.5px; white-space: nowrap; }
tbody th { font-weight: 500; min-width: 150px; overflow-wrap: anywhere; }
tbody tr:last-child > * { border-bottom: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
svg.histogram { width: 100%; height: auto; display: block; margin: 10px 0 2px; }
svg.spark { width: 120px; height: 24px; display: block; }
svg text { font-size: 11px; fill: var(--soft); font-family: inherit; font-variant-numeric: tabular-nums; }
path.before, rect.before { fill: var(--before); fill-opacity: .65; }
path.now { fill: none; stroke: var(--now); stroke-width: 2; stroke-linejoin: round;
  vector-effect: non-scaling-stroke; }
rect.now { fill: var(--now); }
rect.bad, circle.bad { fill: var(--bad); }
rect.idle { fill: var(--before); }
.axis { stroke: var(--line); stroke-width: 1; }
.legend { display: flex; gap: 18px; font-size: 13px; color: var(--soft); margin-top: 8px; }
.legend i { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px;
  vertical-align: -1px; background: var(--before); }
.legend i.now { background: var(--now); }
.head { display: flex; justify-content: space-between; gap: 12px; align-items: baseline; flex-wrap: wrap; }
.measures { display: grid; grid-template-columns: repeat(auto-fill, minmax(230px, 1fr)); gap: 10px 24px;
  margin: 14px 0 0; }
.measures dt { font-size: 12.5px; color: var(--soft); }
.measures dd { margin: 0; font-variant-numeric: tabular-nums; }
.measures dd small { color: var(--soft); display: block; }
table.bars { margin-top: 8px; }
table.bars th, table.bars td { padding: 3px 10px; border: 0; }
table.bars .wide { width: 55%; }
table.bars svg { width: 100%; height: 17px; display: block; }
.weight { display: inline-block; width: 64px; height: 7px; border-radius: 4px; background: var(--line);
  vertical-align: middle; margin-right: 8px; overflow: hidden; }
.weight i { display: block; height: 100%; background: var(--soft); }
details > summary { cursor: pointer; font-weight: 600; padding: 4px 0; }
details > summary:focus-visible, a:focus-visible { outline: 2px solid var(--now); outline-offset: 2px;
  border-radius: 4px; }
ul.notes { padding-left: 20px; }
ul.notes li { margin: 4px 0; max-width: 78ch; }
@media print { body { background: #fff; } .card { break-inside: avoid; } }
"""
