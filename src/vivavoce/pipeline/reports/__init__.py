"""Reports: what one interview or a whole study gave, as a typed model, and as HTML, PDF and DOCX. All pure."""
