"""A face swap that is learned, as the report explains it (figures 1 and 2), for people who do not exist.

Two people are drawn, one network learns both of their faces, and the face of one is put into a clip of the other. All
clips are drawn here or belong to a drawn set: there is no way in for clips of real people, and no network is kept.
"""
