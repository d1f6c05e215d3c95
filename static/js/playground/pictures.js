// Images that go with the next message, as data: addresses; an engine is not sent to fetch any.
const MOST = 4;
const MOST_BYTES = 8 * 2 ** 20;
const KINDS = ["image/png", "image/jpeg", "image/webp", "image/gif"];

export class Pictures {
  #list;
  #urls = [];

  constructor(list) {
    this.#list = list;
  }

  get urls() {
    return [...this.#urls];
  }

  // The words for what was not taken, or the empty string.
  async add(files) {
    const refused = [];
    for (const file of files) {
      if (!KINDS.includes(file.type)) refused.push(`${file.name} is no PNG, JPEG, WebP or GIF image.`);
      else if (file.size > MOST_BYTES) refused.push(`${file.name} is larger than 8 MiB.`);
      else if (this.#urls.length >= MOST) refused.push(`${file.name}: four images go with a message at most.`);
      else this.#urls.push(await address(file));
    }
    this.#show();
    return refused.join(" ");
  }

  clear() {
    this.#urls = [];
    this.#show();
  }

  #show() {
    this.#list.hidden = !this.#urls.length;
    this.#list.replaceChildren(...this.#urls.map((url, index) => this.#item(url, index)));
  }

  #item(url, index) {
    const picture = document.createElement("img");
    picture.className = "pic";
    picture.src = url;
    picture.alt = `Image ${index + 1} that goes with the message`;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "remove";
    button.setAttribute("aria-label", `Remove image ${index + 1}`);
    button.addEventListener("click", () => {
      this.#urls.splice(index, 1);
      this.#show();
    });
    const item = document.createElement("li");
    item.append(picture, button);
    return item;
  }
}

function address(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
