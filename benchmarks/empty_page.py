"""A gradio page with one text box: the least that any gradio app takes."""

import gradio as gr

with gr.Blocks() as demo:
    gr.Textbox(label="Prompt")

if __name__ == "__main__":
    demo.launch(ssr_mode=False, quiet=True)
