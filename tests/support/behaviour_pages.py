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
<div role=button aria-label=Like onclick="hit('like')"><span role=button>See more</span></div>
<div onclick="hit('card')"><button>Load more</button></div><x-card id=card><span role=button>View more</span></x-card>
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
<button onclick="hit('second');window.open('/refused')">Previous comments</button>
<p id=turned hidden>Нуугдсан бичвэр</p><button onclick="turned.hidden=!turned.hidden">Show all replies</button>
<div id=host></div></article></main>
<script>
const marks = document.documentElement.dataset;
const hit = (name) => { marks.hits = (marks.hits ?? '') + name + ' ' };
const load = document.getElementById('load');
let loads = 0;
const load12 = () => { hit('load'); fetch('/more?' + loads).then(r => r.text()).then(() => {
  for (let i = 0; i < 12; i++) comments.append(Object.assign(document.createElement('li'), {textContent: 'Хариулт'}));
  if (++loads === 3) load.remove(); }); };
card.attachShadow({mode: 'open'}).innerHTML = '<button><slot></slot></button>';
card.shadowRoot.querySelector('button').onclick = () => hit('slotted');
const shadow = host.attachShadow({mode: 'open'});
shadow.innerHTML = '<p>Сүүдэр…</p><button>Show more</button>';
shadow.querySelector('button').onclick = (event) => {
  hit('shadow');
  shadow.querySelector('p').textContent = 'Сүүдэр бүтэн, одоо бүрэн харагдана.';
  event.target.remove();
};
</script>"""

COVERED = """<!doctype html><html lang=mn><meta charset=utf-8><title>Далдалсан</title>
<style>body{font:16px sans-serif;margin:0} .over{position:fixed;background:#eee;border:1px solid}
</style><body style="overflow:hidden"><main><h1>Нийтлэл</h1><button onclick="hit('more')">Show more</button>
<div style="height:3000px">Доорх бичвэр</div></main>
<div class=over id=wall role=dialog style="inset:100px 200px;z-index:3"><p>Үргэлжлүүлэхийн тулд нэвтэрнэ үү</p>
<form action=/login><input type=password><button>Нэвтрэх</button></form>
<div role=button tabindex=0 aria-label="Хаах" style="position:absolute;top:8px;right:8px;width:24px;height:24px"
 onclick="hit('closed');wall.remove();document.body.style.overflow=''">✕</div></div>
<div class=over id=banner style="left:0;right:0;bottom:0;height:160px;z-index:4">
<p>We use cookies and share with partners.</p>
<button onclick="hit('accepted');banner.remove()">Accept all</button>
<button onclick="hit('accepted');banner.remove()">OK</button>
<button onclick="hit('settings')">Cookie settings</button>
<button onclick="hit('declined');banner.remove();more.hidden=false">Only necessary cookies</button></div>
<div class=over id=more hidden style="inset:0;z-index:1">Юу ч хийж болохгүй хөшиг
<button onclick="hit('pay')">Buy now</button></div>
<script>
const marks = document.documentElement.dataset;
const hit = (name) => { marks.hits = (marks.hits ?? '') + name + ' ' };
</script>"""

MOVING = """<!doctype html><html lang=mn><meta charset=utf-8><title>Хөдөлгөөн</title>
<style>body{margin:0;height:100vh;overflow:hidden;display:flex;flex-direction:column} #feed{flex:1;overflow-y:auto}
#feed>p{height:400px} .row{display:flex;width:400px;height:100px;overflow-x:auto;scroll-snap-type:x mandatory}
.row>*{flex:none;width:400px;scroll-snap-align:start}
#frame{position:relative;width:300px;height:80px;overflow:hidden} #strip{display:flex;transition:none}
#strip img{flex:none;width:300px;height:80px} #frame button{position:absolute;right:0;top:20px}</style>
<div class=row id=row><p>нэг</p><p>хоёр</p><p>гурав</p><p>дөрөв</p></div>
<section aria-roledescription=carousel id=frame>
<div id=strip><img src="/1.svg"><img src="/2.svg"><img src="/3.svg"></div>
<button aria-label="Дараагийн зураг" onclick="turn()">›</button></section>
<audio id=sound src="/sound.wav" preload=none controls></audio>
<div id=feed><p>1</p><p>2</p><p>3</p></div><iframe src="/frame" width=50 height=20></iframe>
<script>
let at = 0, asked = 0;
const turn = () => { at = (at + 1) % 3; strip.style.transform = `translateX(-${at * 300}px)` };
feed.addEventListener('scroll', () => {
  if (asked < 3 && feed.scrollTop + feed.clientHeight > feed.scrollHeight - 50) {
    const number = ++asked; fetch('/part?' + number).then(r => r.text()).then(t => {
      for (let i = 0; i < 3; i++) { const p = document.createElement('p'); p.textContent = t; feed.append(p) } }) }
});
</script>"""
