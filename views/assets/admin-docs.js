// Shows the admin API's document with Swagger UI: the same in dark as the rest, and without asking anybody else.
const root = document.querySelector('#api');

const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => {
  document.documentElement.classList.toggle('dark-mode', dark.matches);
};
dark.addEventListener('change', follow);
follow();

SwaggerUIBundle({
  url: root.dataset.document,
  domNode: root,
  deepLinking: true,
  docExpansion: 'none',
  defaultModelsExpandDepth: 0,
  filter: true,
  // Swagger's own service would be sent the document.
  validatorUrl: null,
  persistAuthorization: false,
});
