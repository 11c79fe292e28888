// The server draws times; it learns the reader's zone from this cookie. A page
// that was drawn before it was known is drawn right the next time.

function tellZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || !/^[A-Za-z0-9_+\-/]{1,64}$/.test(zone)) return;
  const path = document.body.dataset.base || "/";
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `tz=${zone}; Path=${path}; Max-Age=31536000; SameSite=Lax${secure}`;
}
