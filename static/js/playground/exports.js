// The conversation as a file.
export function asJson(settings, messages) {
  return JSON.stringify({ exported_at: new Date().toISOString(), settings, messages }, null, 2);
}

export function asMarkdown(settings, messages) {
  const parts = [`# Conversation with ${settings.model}`];
  if (settings.system.trim()) parts.push(`**System prompt**\n\n${settings.system}`);
  for (const { role, text, model, reasoning, images = [] } of messages) {
    parts.push(`## ${role === "user" ? "You" : (model ?? settings.model)}`);
    if (images.length) parts.push(`*${images.length === 1 ? "1 image" : `${images.length} images`}*`);
    if (reasoning) parts.push(reasoning.replace(/^/gm, "> "));
    parts.push(text);
  }
  return `${parts.join("\n\n")}\n`;
}

export function save(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
