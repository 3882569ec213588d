/* The look of reports: light and dark as the reader's system is set, narrow screens, print. Series have eight colours that stay
 * apart for most colour-blind readers too (blue first, orange second); the cells of a heat map are one colour each way, and
 * their depth is --v. */
#include "report/style.h"

#include <stddef.h>

const char *const ig__style[] = {
  ":root{--page:#f4f5f7;--card:#fff;--ink:#1c2127;--soft:#5c6670;--line:#dfe3e8;--grid:#e8ebef;--good:23 125 70;--bad:205 60 20;\n"
  "--c0:#1f6feb;--c1:#d9680c;--c2:#178a4c;--c3:#8a46d8;--c4:#c9246b;--c5:#0a7e8c;--c6:#8a6500;--c7:#5c6670;--tint:#1f6feb14}\n"
  "@media (prefers-color-scheme:dark){:root{--page:#14171b;--card:#1d2126;--ink:#e6e9ed;--soft:#a0aab4;--line:#343b43;--grid:#2b3138;\n"
  "--good:70 190 125;--bad:255 120 75;--c0:#6ea8fe;--c1:#ff9f4a;--c2:#5fd08d;--c3:#c59bff;--c4:#ff86b3;--c5:#4fcfdd;--c6:#e0b840;\n"
  "--c7:#a0aab4;--tint:#6ea8fe1f}}\n"
  "*{box-sizing:border-box}html{-webkit-text-size-adjust:100%}\n"
  "body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",\n"
  "\"DejaVu Sans\",sans-serif}main{max-width:1120px;margin:0 auto;padding:20px 16px 48px}\n"
  "h1{font-size:26px;line-height:1.25;margin:8px 0 2px;overflow-wrap:anywhere}h2{font-size:19px;margin:0 0 10px}\n"
  "h3{font-size:15px;margin:18px 0 6px}p{margin:6px 0 10px}a{color:var(--c0)}small,.soft{color:var(--soft);font-size:13px}\n"
  "section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 18px;margin:14px 0;min-width:0}\n"
  "nav{margin:10px 0;font-size:14px}nav a{margin-right:14px;white-space:nowrap;text-decoration:none}nav a:hover{text-decoration:underline}\n"
  ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:14px 0}\n"
  ".tiles>div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 14px;min-width:0}\n"
  ".tiles b{display:block;font-size:22px;font-weight:650;line-height:1.3;overflow-wrap:anywhere}.tiles span.t{color:var(--soft);font-size:13px}\n"
  ".verdict{border-left:5px solid var(--c7)}.verdict.good{border-left-color:rgb(var(--good))}.verdict.over,.verdict.under{border-left-color:var(--c1)}\n"
  ".verdict p:first-of-type{font-size:17px}.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:8px 24px}\n"
  "figure{margin:0 0 6px;min-width:0}figcaption{font-weight:600;margin-bottom:2px}svg{display:block;width:100%;height:auto}\n"
  "ul{margin:4px 0 10px;padding-left:22px}code,pre{font:13px/1.45 ui-monospace,\"DejaVu Sans Mono\",Menlo,Consolas,monospace}\n"
  "pre{overflow-x:auto;background:var(--page);border:1px solid var(--line);border-radius:6px;padding:10px;max-height:420px;white-space:pre}\n",

  "svg text{fill:var(--soft);font-size:13px;font-family:inherit;font-variant-numeric:tabular-nums}.grid{stroke:var(--grid);stroke-width:1}\n"
  ".axis{stroke:var(--soft);stroke-width:1}.mark{stroke:var(--soft);stroke-width:1;stroke-dasharray:4 4}\n"
  ".l0,.l1,.l2,.l3,.l4,.l5,.l6,.l7{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}\n"
  ".l0{stroke:var(--c0)}.l1{stroke:var(--c1)}.l2{stroke:var(--c2)}.l3{stroke:var(--c3)}.l4{stroke:var(--c4)}.l5{stroke:var(--c5)}\n"
  ".l6{stroke:var(--c6)}.l7{stroke:var(--c7)}.d{stroke-dasharray:6 4}.p0{fill:var(--c0)}.p1{fill:var(--c1)}.p2{fill:var(--c2)}\n"
  ".p3{fill:var(--c3)}.p4{fill:var(--c4)}.p5{fill:var(--c5)}.p6{fill:var(--c6)}.p7{fill:var(--c7)}.h{fill-opacity:0}.h:hover{fill-opacity:1}\n"
  ".iso{fill:none;stroke:var(--ink);stroke-opacity:.5}svg text.iso{fill:var(--ink);stroke:none;font-size:12px}.square{max-width:620px}\n"
  ".legend{margin:2px 0 0;font-size:13px;color:var(--soft)}.legend span{display:inline-block;margin-right:16px}\n"
  ".legend svg{display:inline-block;width:26px;height:10px;margin-right:6px;vertical-align:middle}\n"
  ".frame{overflow-x:auto;max-width:100%;margin:6px 0}table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums}\n"
  "th,td{padding:4px 10px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}th{font-weight:600;color:var(--soft)}\n"
  "thead th{vertical-align:bottom}th.l,td.l{text-align:left}td.w{white-space:normal;overflow-wrap:anywhere;text-align:left;min-width:180px}\n"
  "td small{margin-left:8px}.stack td small{display:block;margin:0}svg.key{display:inline-block;width:12px}td.bar{width:120px;min-width:90px}td.bar i{display:block;height:10px;border-radius:2px;background:var(--c0);min-width:1px}\n"
  "tr.kept td,tr.kept th{background:var(--tint);font-weight:600}tr:target,figure:target,h3:target{outline:2px solid var(--c0);outline-offset:2px}\n"
  "table.heat{font-size:13px}.heat td,.heat th{border:1px solid var(--card);padding:0}.heat tbody th{padding:0 8px;font-weight:500;color:var(--ink)}\n"
  ".heat thead th{padding:4px 0;font-weight:500;color:var(--ink);height:1px}.heat thead th bdi{writing-mode:vertical-rl;transform:rotate(180deg);\n"
  "display:inline-block;max-height:150px}.heat td{min-width:34px;height:30px;text-align:center;background:rgb(var(--bad)/var(--v,0))}\n"
  ".heat.short thead th bdi{writing-mode:horizontal-tb;transform:none}.side{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:8px 28px}\n"
  ".side>*{min-width:0}.three{grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr))}.side h3{margin-top:0}\n"
  ".heat td.y{background:rgb(var(--good)/var(--v,0))}.heat td a{display:block;color:inherit;text-decoration:none;line-height:30px;padding:0 3px}\n"
  ".heat td a:hover{outline:2px solid var(--c0)}.heat.small td{min-width:9px;width:9px;height:9px;font-size:0}.heat.small td a{line-height:9px;padding:0;height:9px}\n"
  ".heat.small th{font-size:8px;line-height:9px}.heat.small tbody th{padding:0 4px}.heat.small tr:hover th{color:var(--c0)}\n"
  ".v1{--v:.07}.v2{--v:.14}.v3{--v:.22}.v4{--v:.3}.v5{--v:.38}.v6{--v:.46}.v7{--v:.54}.v8{--v:.62}.v9{--v:.7}\n",

  ".gallery{display:flex;flex-wrap:wrap;gap:10px}.gallery figure{width:118px;font-size:12px;line-height:1.35;color:var(--soft);overflow-wrap:anywhere}\n"
  ".pairs{display:flex;flex-wrap:wrap;gap:6px 28px}.pair{max-width:100%}.gallery figcaption,.strip figcaption{font-weight:400}.gallery img{display:block;max-width:112px;height:auto;border-radius:3px;background:var(--page);margin-bottom:3px}.gallery b{color:var(--ink);font-weight:600}\n"
  ".strip{display:flex;flex-wrap:wrap;gap:6px}.strip img{display:block;border-radius:2px}.strip figure{font-size:12px;color:var(--soft);max-width:118px;margin:0}\n"
  "progress{width:100%;height:14px;accent-color:var(--c0)}img.px{image-rendering:pixelated}details{margin:8px 0}summary{cursor:pointer;color:var(--c0)}.warn{border-left:5px solid var(--c1)}\n"
  "footer{color:var(--soft);font-size:13px;margin-top:18px}\n"
  "@media (max-width:560px){main{padding:10px 8px 32px}section{padding:12px 10px;border-radius:8px}svg text{font-size:19px}svg.small text{font-size:12.5px}h1{font-size:21px}\n"
  ".tiles{grid-template-columns:repeat(2,1fr)}.tiles b{font-size:18px}.legend svg text{font-size:13px}th,td{padding:4px 6px}.gallery figure{width:96px}\n"
  ".gallery img{max-width:94px}.pairs{gap:4px 14px}}\n"
  "@media print{:root{--page:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#ccc;--grid:#e4e4e4;--good:23 125 70;--bad:205 60 20;--c0:#1f6feb;--c1:#d9680c;\n"
  "--c2:#178a4c;--c3:#8a46d8;--c4:#c9246b;--c5:#0a7e8c;--c6:#8a6500;--c7:#5c6670;--tint:#1f6feb14}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}\n"
  "body{font-size:12px}table{font-size:11px}th,td{padding:3px 6px}th{white-space:normal}main{max-width:none;padding:0}nav{display:none}section{border:0;padding:4px 0;border-radius:0}figure,tr,.tiles{break-inside:avoid}\n"
  "details::details-content{content-visibility:visible;block-size:auto}h2,h3{break-after:avoid}.frame{overflow:visible}pre{max-height:none;white-space:pre-wrap}a{color:inherit;text-decoration:none}\n"
  ".charts{grid-template-columns:1fr 1fr}.three{grid-template-columns:1fr 1fr 1fr}.side{display:block}.tiles{grid-template-columns:repeat(4,1fr)}}\n",
  NULL};
