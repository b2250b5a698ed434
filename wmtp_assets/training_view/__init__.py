"""A storage as training code opens it: another folder, links to the stored files, names of its own.

layout     which stored file appears under which path; what is made anew
index_map  line metadata with the lines of each problem, from the JSONL
view_json  VIEW.json: what a view shows, written last
write      links or copies beside the target, proven, then put in its place
compare    what of a view is not the storage's
jobs       glue: jobs write_training_view and check_training_view
"""
