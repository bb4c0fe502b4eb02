"use strict";

const place = document.getElementById("swagger-ui");

// An event stream has no end, and a page that waits for one would wait for ever.
const isStream = (document, path, method) =>
  Object.values(document?.paths?.[path]?.[method]?.responses ?? {}).some(
    (response) => "text/event-stream" in (response.content ?? {}),
  );

const noTryingOfStreams = {
  statePlugins: {
    spec: {
      wrapSelectors: {
        allowTryItOutFor: (original, system) => (state, path, method) =>
          !isStream(system.specSelectors.specJson().toJS(), path, method),
      },
    },
  },
};

SwaggerUIBundle({
  url: place.dataset.openapi,
  domNode: place,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [noTryingOfStreams],
  layout: "BaseLayout",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // The default asks a validator on the internet about the document.
  validatorUrl: null,
});
