// Hears every button that asks for a file, and saves the file the server answers with.
const { download } = window.moescope;
document.addEventListener('moescope-file', ({ detail }) => trigger('file_wanted', detail));
watch('download', () => download(props.download));
