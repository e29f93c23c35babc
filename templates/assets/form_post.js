// Sends the answer on at once; without it, a person presses the button.
document.forms[0].submit();
