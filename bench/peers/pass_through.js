// Passes requests on to PostgREST, and does nothing else: the cost of any Worker in front of it.
export default {
  fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    return fetch(env.SUPABASE_URL + pathname + search, request);
  },
};
