import hierlm as hl, numpy as np, sys
from hierlm.reductions.whitened import Whitened
from hierlm.reductions.observed import quadrature
from hierlm.kernels.observations import NODES, LOG_WEIGHTS, observations
from hierlm.kernels.packing import replaced, floats
from hierlm.samplers.compiled import sample_problem
from hierlm.samplers import Settings
R=Whitened()
def fine(d):
    p,w=quadrature(61); return replaced(d,{NODES:p,LOG_WEIGHTS:w})
def look(label,m):
    try: P=R.apply(m)
    except Exception as e: print(label, repr(e)[:100]); return
    o=observations(P.data,P.place.columns)
    if o.deviation<0: print(label,"not integrated"); return
    n=len(floats(P.data,NODES))
    t=sample_problem(P,Settings(draws=150,tune=200,chains=2,cores=2,seed=1,target_accept=0.8,progress=False))
    th=t["posterior"]["theta"].to_numpy().reshape(-1,P.dimension)
    f=fine(P.data); g=np.zeros(P.dimension); g2=g.copy()
    e=[];ge=[]
    z=th[::3]
    for zz in z:
        a=P.density(zz,P.data,g); b=P.density(zz,f,g2); e.append(a-b); ge.append(np.abs(g-g2).max())
    e=np.array(e); w=np.exp(-(e-e.mean()))
    shift=np.abs((w@z/w.sum()-z.mean(0))/z.std(0)).max()
    print(f"{label}: nodes {n} rows {len(o.y)} sd(err) {e.std():.4f} ptp {np.ptp(e):.4f} max grad err {max(ge):.4f} shift of posterior means in sds {shift:.4f}",flush=True)
rng=np.random.default_rng(0)
for n,tau,base in ((1000,1,0.),(1000,2,0.),(1000,0.5,0.),(1000,1.0,-2.),(500,3,1.),(3000,1.5,0)):
    gg=rng.integers(0,20,n); r=rng.normal(size=20)*0.5
    fr={"x":rng.normal(size=n),"u":np.arange(n).astype(str),"g":gg.astype(str)}
    eta=base+0.5*fr["x"]+tau*rng.normal(size=n)+r[gg]
    fr["k"]=rng.poisson(np.exp(eta)); fr["s"]=rng.binomial(1,1/(1+np.exp(-eta))); fr["t"]=rng.binomial(5,1/(1+np.exp(-eta)))
    look(f"poisson {n} {tau} {base}",hl.Model("k ~ x + (1|g)+ (1|u)",fr,"poisson"))
    look(f"poisson known {n} {tau} {base}",hl.Model("k ~ x + (1|g)+(1|u)",fr,"poisson",priors={"sd_u":float(tau)}))
    look(f"binomial {n} {tau} {base}",hl.Model("t | trials(5) ~ x +(1|g)+ (1|u)",fr,"binomial"))
    look(f"binomial known {n} {tau} {base}",hl.Model("t | trials(5) ~ x + (1|g)+(1|u)",fr,"binomial",priors={"sd_u":float(tau)}))
    look(f"bernoulli {n} {tau} {base}",hl.Model("s ~ x +(1|g)+ (1|u)",fr,"bernoulli"))
