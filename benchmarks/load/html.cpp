#include "load/html.hpp"

namespace ferrule::load {
namespace {

constexpr std::string_view page_begin = R"html(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>ferrule-load</title>
<meta name="viewport" content="width=device-width">
<style>
:root{color-scheme:light dark;--line:#8884;--ink:light-dark(#222,#ddd);--a:#2a7de1;--b:#e1812a;
--c:#c03d3e;--d:#888}
body{font:15px/1.45 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:var(--ink)}
h1{font-size:1.3rem;overflow-wrap:anywhere}h2{font-size:1.05rem;margin:2rem 0 .4rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{padding:.15rem .8rem .15rem 0;text-align:right;border-bottom:1px solid var(--line)}
td:first-child,th:first-child{text-align:left}
svg{width:100%;height:auto;font-size:11px}svg text{fill:var(--ink)}
.bad{background:#c03d3e;color:#fff;padding:.4rem .8rem}.note{opacity:.8}
.key span{margin-right:1.2rem}.scroll{overflow-x:auto}
</style></head><body><h1 id="title"></h1><div id="page"></div>
<script id="data" type="application/json">)html";

constexpr std::string_view page_end = R"html(</script>
<script>
const data=JSON.parse(document.getElementById('data').textContent);
const page=document.getElementById('page');
const el=(tag,text,to=page)=>{const e=document.createElement(tag);e.textContent=text??'';
  to.append(e);return e};
const time=us=>us<1e3?us.toPrecision(3)+' µs':us<1e6?(us/1e3).toPrecision(3)+' ms':
  (us/1e6).toPrecision(3)+' s';
const count=n=>n.toLocaleString('en');
function table(head,rows){const t=el('table','',el('div'));t.parentNode.className='scroll';
  for(const r of [head,...rows]){const tr=el('tr','',t);
    for(const c of r)el(r===head?'th':'td',c,tr)}}
const colours=['var(--a)','var(--b)','var(--c)','var(--d)'];
function ticks(lo,hi,log){const out=[];
  if(log){for(let p=Math.floor(Math.log10(lo));p<=Math.log10(hi)+1e-9;p++)
      for(const m of [1,2,5]){const v=m*10**p;if(v>=lo*.999&&v<=hi*1.001&&
        (m===1||hi/lo<300))out.push(v)}return out}
  const step=10**Math.floor(Math.log10((hi-lo)/4||1));
  const s=[1,2,5,10].map(m=>m*step).find(x=>(hi-lo)/x<=7)||step;
  for(let v=Math.ceil(lo/s)*s;v<=hi*1.0001;v+=s)out.push(v);return out}
/* series: [{name,points:[[x,y]]}] */
function plot(title,series,{logX,logY,x,y,xTicks,xName}){
  el('h2',title);const W=900,H=300,L=70,R=15,T=10,B=38;
  const all=series.flatMap(s=>s.points).filter(p=>!logY||p[1]>0);
  if(!all.length){el('p','no data').className='note';return}
  let [x0,x1]=[Math.min(...all.map(p=>p[0])),Math.max(...all.map(p=>p[0]))];
  let [y0,y1]=[logY?Math.min(...all.map(p=>p[1])):0,Math.max(...all.map(p=>p[1]))];
  if(x1<=x0)x1=x0+1;if(y1<=y0)y1=y0*2||1;
  const f=(v,a,b,log)=>log?Math.log(v/a)/Math.log(b/a):(v-a)/(b-a);
  const X=v=>L+(W-L-R)*f(v,x0,x1,logX),Y=v=>H-B-(H-T-B)*f(v,y0,y1,logY);
  let s='';
  for(const v of ticks(y0,y1,logY))s+=`<line x1="${L}" x2="${W-R}" y1="${Y(v)}" y2="${Y(v)}"
    stroke="var(--line)"/><text x="${L-6}" y="${Y(v)+4}" text-anchor="end">${y(v)}</text>`;
  for(const v of xTicks?xTicks.filter(v=>v>=x0&&v<=x1*1.001):ticks(x0,x1,logX))
    s+=`<text x="${X(v)}" y="${H-B+16}" text-anchor="middle">${x(v)}</text>`;
  s+=`<text x="${(L+W-R)/2}" y="${H-4}" text-anchor="middle">${xName}</text>`;
  series.forEach((one,i)=>{const p=one.points.filter(q=>!logY||q[1]>0);
    s+=`<polyline fill="none" stroke="${colours[i]}" stroke-width="1.8" points="${
      p.map(q=>X(q[0]).toFixed(1)+','+Y(q[1]).toFixed(1)).join(' ')}"/>`;
    if(p.length<60)for(const q of p)s+=`<circle cx="${X(q[0])}" cy="${Y(q[1])}" r="2.5"
      fill="${colours[i]}"><title>${x(q[0])}: ${y(q[1])}</title></circle>`});
  const d=el('div');d.innerHTML=`<svg viewBox="0 0 ${W} ${H}" role="img">${s}</svg>`;
  const k=el('p');k.className='key';
  series.forEach((one,i)=>{el('span','— '+one.name,k).style.color=colours[i]})}
function notes(r){for(const w of r.invalid_because||[])el('p','INVALID: '+w).className='bad';
  for(const w of r.warnings||[])el('p',w).className='note'}
const latencies=['min','mean','p50','p75','p90','p95','p99','p99_9','p99_99','max'];
function run(r){notes(r);
  table(['rate','offered','due','as expected','failed','connections','loop'],
    [[count(r.rate)+'/s',r.offered_rate?count(r.offered_rate)+'/s':'–',count(r.requests),
      count(r.ok),count(r.failed),r.connections,r.loop]]);
  const counts=Object.entries({...r.statuses,...r.failures,...r.connect_errors});
  if(counts.length)el('p',counts.map(([k,v])=>k+' × '+count(v)).join(', '));
  el('h2','Latency');
  table(['','response (due → done)','service (sent → done)','send lag of the tool'],
    latencies.map(n=>[n.replace('_','.'),...[r.response,r.service,r.tool.lag].map(l=>
      time(l[n+'_us']))]));
  const of=key=>r.quantiles.filter(q=>q.quantile<1).map(q=>[1/(1-q.quantile),q[key]]);
  plot('Percentiles',[{name:'response',points:of('response_us')},
    {name:'service',points:of('service_us')}],{logX:true,logY:true,y:time,xName:'percentile',
    xTicks:[1,2,10,100,1e3,1e4,1e5,1e6,1e7],x:v=>+(100*(1-1/v)).toPrecision(9)+' %'});
  const over=key=>r.intervals.map(i=>[i.at_s,i[key]]);
  plot('Response time over time',['p50','p90','p99','max'].map(n=>({name:n,
    points:over(n+'_us')})),{logY:true,y:time,x:v=>+v.toFixed(2),xName:'seconds'});
  plot('Answers over time',[{name:'as expected a second',points:over('rate')},
    {name:'failed',points:over('failed')}],{y:count,x:v=>+v.toFixed(2),xName:'seconds'});
  if(r.routes.length>1){el('h2','By request');
    table(['request','count','failed','p50','p99','max'],r.routes.map(o=>[o.name,
      count(o.requests),count(o.requests-o.ok),time(o.response.p50_us),time(o.response.p99_us),
      time(o.response.max_us)]))}
  const t=r.tool,s=r.server,told=(v,text)=>v==null?'':text(v);el('h2','Cost');
  table(['','CPU a request','cores','memory','context switches'],[
    ['tool, '+t.backend,t.cpu_us_per_request+' µs',t.busiest_thread_share+' (busiest)','',''],
    ...(s?[['server',told(s.cpu_us_per_request,v=>v.toFixed(2)+' µs'),
      told(s.cpu_cores,v=>v.toFixed(2)),told(s.resident_bytes,v=>(v/1e6).toFixed(1)+' MB'),
      told(s.context_switches_per_s,v=>count(Math.round(v))+'/s')]]:[])]);
  if(s)for(const [k,v] of Object.entries(s.counted))el('p',k+' +'+count(v)).className='note'}
function search(r){notes(r);
  el('p',r.kind==='curve'?'The most that was answered: '+count(r.rate)+' a second.':
    'Highest rate with '+r.slo+': '+count(r.rate)+' a second.');
  const by=[...r.points].sort((a,b)=>a.rate-b.rate);
  plot('Latency over throughput',['p50','p99','p99_9'].map(n=>({name:n.replace('_','.'),
    points:by.map(p=>[p.rate,p[n+'_us']])})),{logY:true,y:time,x:count,
    xName:'answers as expected a second'});
  table(['offered','achieved','p50','p99','p99.9','max',''],r.points.map(p=>[count(
    Math.round(p.offered_rate)),count(p.rate),time(p.p50_us),time(p.p99_us),time(p.p99_9_us),
    time(p.max_us),p.passed?'kept':p.why]));
  if(r.best){el('h2','The run at '+count(r.best.rate)+' a second');run(r.best)}}
function compare(r){notes(r);const pc=v=>(v>0?'+':'')+(100*v).toFixed(1)+' %';
  el('p','A: '+r.a);el('p','B: '+r.b);
  table(['','A','B','change','95 % confidence',''],r.metrics.map(m=>{
    const f=m.name==='rate'?v=>count(Math.round(v))+'/s':time;
    return [m.name,f(m.a),f(m.b),pc(m.change),pc(m.low)+' to '+pc(m.high),m.says]}));
  if(r.regressed)el('p','B is worse by more than '+pc(r.tolerance)).className='bad'}
document.getElementById('title').textContent=(data.url||data.a+' and '+data.b);
({run,'find-max':search,curve:search,compare})[data.kind](data);
</script></body></html>
)html";

}  // namespace

std::string html_page(std::string_view json) {
  std::string page(page_begin);
  // Whatever a name in it holds, it must not end the script.
  for (const char c : json) c == '<' ? page += "\\u003c" : page += c;
  page += page_end;
  return page;
}

}  // namespace ferrule::load
