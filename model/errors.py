"""The one exception a person should ever read: their input was wrong, and here is what to do."""


class InputError(ValueError):
    """Bad input from outside: a file, an option, a recipe.

    The message is one line that names what was wrong, what was got and what to do. Command lines print it
    and exit with code 2; the API answers 4xx. Any other exception is our own mistake and shows its traceback.
    """
