// Starts Swagger UI with what the page says in data attributes, and lets it follow the system into the dark.
(() => {
  "use strict";

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", follow);
  follow();

  const place = document.getElementById("swagger-ui");
  // With its host: a path alone may begin with two slashes, and would name another host.
  const root = new URL(place.dataset.rootUrl, document.baseURI).href.replace(/\/$/, "");

  // A document without servers means the root of the host. Behind a prefix the API is below it, and only the browser
  // sees every prefix, that of a proxy too.
  const NearServer = () => ({
    statePlugins: {
      spec: {
        wrapActions: {
          updateJsonSpec: (update) => (spec) =>
            update(root === location.origin || spec.servers?.length ? spec : { ...spec, servers: [{ url: root }] }),
        },
      },
    },
  });

  SwaggerUIBundle({
    domNode: place,
    url: new URL(place.dataset.openapiUrl, document.baseURI).href,
    plugins: [NearServer],
    deepLinking: true,
    displayRequestDuration: true,
    docExpansion: "list",
    filter: true,
    persistAuthorization: false,
    requestSnippetsEnabled: false,
    tryItOutEnabled: true,
    // No badge of a stranger's validator, whatever the layout.
    validatorUrl: "none",
    // The log-in of an OAuth provider would leave this server. By this word, which Swagger UI reads as the value, it
    // declines in words instead of opening a window that never comes back.
    oauth2RedirectUrl: "undefined",
  });
})();
