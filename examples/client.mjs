// Signs a person in and calls the API as them. Node 20 or later, without packages.

const { EDGE_URL, SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY } = process.env;

/** Signs in through Supabase Auth, as supabase-js does. Returns a function that calls the API. */
export async function signIn(email, password = "password123") {
  const { access_token } = await request("POST", `${SUPABASE_URL}/auth/v1/token?grant_type=password`, {
    headers: { apikey: SUPABASE_PUBLISHABLE_KEY },
    body: { email, password },
  });
  return (method, path, body) => {
    const headers = { Authorization: `Bearer ${access_token}` };
    return request(method, EDGE_URL + path, { headers, body, shownAs: `${email} ${method} ${path}` });
  };
}

async function request(method, url, { headers, body, shownAs }) {
  const response = await fetch(url, {
    method,
    headers: { ...headers, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  const answer = text ? JSON.parse(text) : null;
  if (shownAs) console.log(shownAs, "->", response.status, JSON.stringify(answer));
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return answer;
}
