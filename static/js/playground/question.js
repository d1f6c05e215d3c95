// What is asked of the gateway: the settings and what was said so far.
const NUMBERS = ["temperature", "top_p", "max_tokens", "seed"];

// As anybody may ask it; what is empty is left to the model's own defaults.
export function question(settings, messages) {
  const asked = { model: settings.model, messages: said(settings.system, messages), stream: true };
  for (const name of NUMBERS) {
    if (settings[name] !== null && settings[name] !== undefined) asked[name] = settings[name];
  }
  return { ...asked, stream_options: { include_usage: true } };
}

// What an engine that streams tells besides, for this page alone.
export const withProgress = (asked) => ({ ...asked, return_progress: true });

function said(system, messages) {
  const found = system.trim() ? [{ role: "system", content: system }] : [];
  for (const { role, text, images = [] } of messages) {
    // An answer that never came says nothing.
    if (role === "assistant" && !text) continue;
    found.push({ role, content: images.length ? withImages(text, images) : text });
  }
  return found;
}

function withImages(text, images) {
  const pictures = images.map((url) => ({ type: "image_url", image_url: { url } }));
  return [...pictures, { type: "text", text }];
}
