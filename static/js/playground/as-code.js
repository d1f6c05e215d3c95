// A question as a program asks it, with a key instead of a login.
const PATH = "/v1/chat/completions";

export function asCurl(asked, origin) {
  const body = JSON.stringify(asked, null, 2).replaceAll("'", "'\\''");
  return [
    `curl ${origin}${PATH} --no-buffer \\`,
    '  -H "Authorization: Bearer $LLAMADASH_KEY" \\',
    "  -H 'Content-Type: application/json' \\",
    `  -d '${body}'`,
  ].join("\n");
}

export function asPython({ stream_options: options, ...asked }, origin) {
  const given = Object.entries({ ...asked, stream_options: options });
  const words = given.map(([name, value]) => `    ${name}=${python(value, 4)},`);
  return [
    "import os",
    "",
    "from openai import OpenAI",
    "",
    `client = OpenAI(base_url="${origin}/v1", api_key=os.environ["LLAMADASH_KEY"])`,
    "answer = client.chat.completions.create(",
    ...words,
    ")",
    "for event in answer:",
    "    if event.choices:",
    '        print(event.choices[0].delta.content or "", end="", flush=True)',
  ].join("\n");
}

// JSON's strings and numbers are Python's, its three words are not.
export function python(value, indent = 0) {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const isList = Array.isArray(value);
  const [open, close] = isList ? "[]" : "{}";
  const inner = Object.entries(value).map(([name, each]) => {
    const written = python(each, indent + 4);
    return `${" ".repeat(indent + 4)}${isList ? written : `${JSON.stringify(name)}: ${written}`},`;
  });
  if (!inner.length) return open + close;
  return [open, ...inner, " ".repeat(indent) + close].join("\n");
}

// Pictures are long: what is shown of them is their beginning.
export function withoutPictures(asked) {
  const short = (url) => (url.length > 80 ? `${url.slice(0, 40)}…` : url);
  const messages = asked.messages.map((message) =>
    typeof message.content === "string"
      ? message
      : {
          ...message,
          content: message.content.map((part) =>
            part.type === "image_url" ? { ...part, image_url: { url: short(part.image_url.url) } } : part,
          ),
        },
  );
  return { ...asked, messages };
}
