// A bare hop: what any Worker in front of PostgREST costs, before it does anything.
export default {
  fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    return fetch(env.SUPABASE_URL + pathname + search, request);
  },
};
