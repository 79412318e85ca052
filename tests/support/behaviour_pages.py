"""A page with much that can be opened and much that must never be touched, for looking at and for tests."""

FOLDED = """<!doctype html><html lang=mn><meta charset=utf-8><title>Нэг нийтлэл</title>
<style>body{font:16px sans-serif;margin:0} main{max-width:640px;margin:auto}
.cut{display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow:hidden}
.cut.open{display:block} .link{background:none;border:0;color:#06c;cursor:pointer;font:inherit;padding:0}
header{position:sticky;top:0;background:#fff;border-bottom:1px solid #ccc}</style>
<header><button aria-expanded=false aria-controls=m id=menu onclick="hit('menu')">☰ Цэс</button></header>
<main><article><h1>Нэг нийтлэл</h1>
<p class=cut id=text>Эхний өгүүлбэр. Хоёр дахь өгүүлбэр урт, маш урт, бүр нэг мөрөнд багтахгүй тийм урт өгүүлбэр байлаа.
Гурав дахь өгүүлбэр бас урт, энэ мөр огт харагдахгүй, учир нь хоёрхон мөр харуулдаг. Дөрөв дэх өгүүлбэр: ТӨГСГӨЛ.</p>
<div role=button tabindex=0 style="display:inline;cursor:pointer" id=see
  onclick="text.classList.add('open'); this.remove(); hit('see')">ᠦᠷᠭᠦᠯᠵᠢ</div>
<p id=half>Хагас бичвэр… <span class=link style="cursor:pointer" id=span
  onclick="half.textContent='Бүтэн бичвэр, хагасаас хоёр дахин урт болов.'; hit('span')">Цааш үзэх</span></p>
<div id=bar><button onclick="hit('like')">👍 Таалагдлаа 12</button> <button onclick="hit('share')">Share</button>
<button aria-pressed=false onclick="hit('pressed')">Show more</button>
<button onclick="hit('report')">Report this post</button> <button onclick="hit('follow')">Дагах</button>
<button onclick="hit('delete')">Show more or delete</button></div>
<details id=details><summary>Дэлгэрэнгүй</summary><p>Нуугдсан нь.</p></details>
<button id=expander aria-expanded=false aria-controls=panel
  onclick="this.setAttribute('aria-expanded','true');panel.hidden=false;hit('expander')">Нэмэлт баримт</button>
<p id=panel hidden>Дэлгэсэн самбар.</p>
<ol id=comments><li>Нэг</li><li>Хоёр</li><li>Гурав</li></ol>
<button id=load onclick="load12()">View 12 more replies</button>
<form action=/sent method=post><textarea name=t></textarea><button onclick="hit('submit')">See more</button></form>
<a href=/elsewhere>See more</a> <a href="/far" onclick="hit('far')" role=button aria-expanded=false>Дэлгэрэнгүй</a>
<button id=away onclick="hit('away');location.href='/elsewhere'">Read more</button>
<button id=push onclick="hit('push');history.pushState({},'','/pushed')">Show full</button>
<button id=window onclick="hit('window');window.open('/popup')">View previous</button>
<div id=host></div></article></main>
<script>
const hit = (name) => { document.documentElement.dataset.hits = (document.documentElement.dataset.hits ?? '') + name + ' ' };
const load = document.getElementById('load');
let loads = 0;
const load12 = () => { hit('load'); fetch('/more?' + loads).then(r => r.text()).then(() => {
  for (let i = 0; i < 12; i++) { const li = document.createElement('li'); li.textContent = 'Хариулт ' + i; comments.append(li); }
  if (++loads === 3) load.remove(); }); };
const shadow = host.attachShadow({mode: 'open'});
shadow.innerHTML = '<p>Сүүдэр…</p><button>Show more</button>';
shadow.querySelector('button').onclick = () => { hit('shadow'); shadow.querySelector('p').textContent = 'Сүүдэр бүтэн, одоо бүрэн харагдана.'; shadow.querySelector('button').remove(); };
</script>"""
