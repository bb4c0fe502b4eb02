"use strict";

const place = document.getElementById("redoc");
const sans = "system-ui, sans-serif";
const mono = "ui-monospace, monospace";

Redoc.init(
  place.dataset.openapi,
  {
    theme: {
      typography: { fontFamily: sans, headings: { fontFamily: sans }, code: { fontFamily: mono } },
    },
  },
  place,
);
