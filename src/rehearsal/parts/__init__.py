"""What a project is made of, each part in a file: the contract of each kind of part, and how it is found and checked."""
