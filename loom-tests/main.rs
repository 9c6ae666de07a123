//! Models under loom. Without `--cfg larder_loom` there is nothing here.
