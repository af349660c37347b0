// Whether the server is there. What Dash asks it fails in silence; a person who clicks and sees nothing happen is told why.

export const GONE = "The server does not answer. What is shown stays; go on when this has gone.";
export const FAULT = "The server could not do that. Try again, or reload the page.";
const ASKS = "/_dash-update-component";
const ASK_AGAIN_MS = 2000;

/**
 * Listens to what Dash asks, and once it gets no answer asks itself until there is one.
 * @param {Window} window whose `fetch` is listened to
 * @param {(words: string) => void} tell GONE, FAULT, or "" when all is well again
 * @param {number} again milliseconds between two questions
 */
export function watch(window, tell, again = ASK_AGAIN_MS) {
  const fetch = window.fetch.bind(window);
  let isGone = false;
  const say = (words) => {
    isGone = words === GONE;
    tell(words);
  };
  const askAgain = async () => {
    const answer = await fetch("/api/health", { cache: "no-store" }).catch(() => null);
    if (!isGone) return;
    if (answer?.ok) say("");
    else setTimeout(askAgain, again);
  };
  window.fetch = async (address, ...more) => {
    if (!String(address.url ?? address).includes(ASKS)) return fetch(address, ...more);
    try {
      const answer = await fetch(address, ...more);
      say(answer.status >= 500 ? FAULT : "");
      return answer;
    } catch (error) {
      if (error.name !== "AbortError" && !isGone) {
        say(GONE);
        setTimeout(askAgain, again);
      }
      throw error;
    }
  };
}
